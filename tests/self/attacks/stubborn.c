/*
 * stubborn.c - ignore every signal that can be ignored, and never end
 */
#include "guard.h"

#include <signal.h>

int main(void)
{
	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_IGN);
	for (;;)
		(void)pause();
}
