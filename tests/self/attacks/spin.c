/*
 * spin.c - all the processor time that there is, in thirty-two processes
 */
#include "guard.h"

#include <signal.h>

enum { DOUBLINGS = 5 };

int main(void)
{
	(void)signal(SIGXCPU, SIG_IGN);
	for (int n = 0; n < DOUBLINGS; n++)
		(void)fork();
	for (volatile unsigned long n = 0;;)
		n++;
}
