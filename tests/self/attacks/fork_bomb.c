/*
 * fork_bomb.c - every process forks on, and none ever stops
 */
#include "guard.h"

int main(void)
{
	for (;;)
		(void)fork();
}
