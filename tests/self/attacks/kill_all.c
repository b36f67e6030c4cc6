/*
 * kill_all.c - end the grader: by kill(-1), by its pid, by that of pid 1
 */
#include "guard.h"

#include <signal.h>
#include <sys/ptrace.h>

enum { PIDS = 4096 };

int main(void)
{
	for (int sig = 1; sig < NSIG; sig++)
		if (sig != SIGSTOP)
			(void)kill(1, sig);
	(void)kill(1, SIGSTOP);
	(void)kill(getppid(), SIGKILL);
	for (pid_t pid = 1; pid < PIDS; pid++) {
		if (pid == getpid())
			continue;
		if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0)
			guard_say("reached a process by ptrace\n");
		if (kill(pid, SIGKILL) == 0 && pid != 1)
			guard_say("reached a process by kill\n");
	}
	(void)kill(-1, SIGKILL);
	(void)kill(0, SIGKILL);
	return 0;
}
