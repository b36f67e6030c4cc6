/*
 * early_exit.c - end with status 0 before main()
 */
#include "guard.h"

__attribute__((constructor)) static void leave(void)
{
	_exit(0);
}

int main(void)
{
	return 1;
}
