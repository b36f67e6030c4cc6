/*
 * attack.c - what hostile submissions did, each as a verb
 *
 * Usage: attack VERB [ARG...]
 *
 * Refuses to act unless pid 1 is that of a jail: outside, some of these take
 * the machine down. Prints what it achieved, so that a test can tell.
 *
 * Next: ../jail.bats, which says what must come of each.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CHUNK = 1 << 20, FD_TRIES = 1024, LINE = 256 };

static void only_in_jail(void)
{
	char comm[16] = "";
	FILE *f = fopen("/proc/1/comm", "re");

	if (f == NULL || fgets(comm, sizeof(comm), f) == NULL ||
	    strcmp(comm, "jail\n") != 0) {
		(void)fprintf(stderr, "attack: only in a jail\n");
		exit(2);
	}
	(void)fclose(f);
}

static void said(const char *what, long result)
{
	(void)printf("%s %s\n", what, result < 0 ? strerror(errno) : "worked");
	(void)fflush(stdout);
}

static _Noreturn void stay(void)
{
	for (;;)
		(void)pause();
}

/* Forge results on whatever was left open. */
static void descriptors(char **arg)
{
	static const char forged[] = "ok 1 forged\n";
	int worked = 0;

	(void)arg;
	for (int fd = 3; fd < FD_TRIES; fd++)
		worked += write(fd, forged, strlen(forged)) > 0;
	(void)printf("%d descriptors\n", worked);
}

/* The same through the parent's, and pid 1's. */
static void parents(char **arg)
{
	char path[LINE];
	int worked = 0;

	(void)arg;
	for (int fd = 0; fd < FD_TRIES; fd++) {
		(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d",
			       fd % 2 == 0 ? getppid() : 1, fd / 2);
		worked += open(path, O_WRONLY | O_CLOEXEC) >= 0;
	}
	(void)printf("%d descriptors\n", worked);
}

static void rewrite(char **arg)
{
	said("write", open(arg[0], O_WRONLY | O_APPEND | O_CLOEXEC));
	said("chmod", chmod(arg[0], 0777));
	said("unlink", unlink(arg[0]));
	said("rename", rename(arg[0], "/tmp/away"));
	said("remount", mount("none", "/", NULL, MS_REMOUNT | MS_BIND, NULL));
	said("umount", umount2(arg[1], MNT_DETACH));
	said("unshare", unshare(CLONE_NEWUSER | CLONE_NEWNS));
}

static void daemonise(char **arg)
{
	(void)arg;
	if (fork() == 0) {
		(void)setsid();
		if (fork() == 0)
			stay();
		_exit(0);
	}
	(void)usleep(20000);
	(void)printf("gone\n");
}

static void stubborn(char **arg)
{
	(void)arg;
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)printf("ready\n");
	(void)fflush(stdout);
	stay();
}

static void bomb(char **arg)
{
	long n = 0;

	(void)arg;
	for (;;) {
		pid_t pid = fork();

		if (pid == 0)
			stay();
		if (pid < 0)
			break;
		n++;
	}
	(void)printf("%ld forks\n", n);
}

/* Every copy forks on, and none ever stops. */
static void wild_bomb(char **arg)
{
	(void)arg;
	for (;;)
		(void)fork();
}

static void kill_all(char **arg)
{
	(void)arg;
	said("kill 1", kill(1, SIGKILL));
	said("kill -1", kill(-1, SIGKILL));
	(void)usleep(50000);
	(void)printf("still here\n");
}

static void flood(char **arg)
{
	static char text[CHUNK];
	int fd = strcmp(arg[0], "stderr") == 0 ? 2 : 1;

	memset(text, 'x', sizeof(text));
	for (;;)
		if (write(fd, text, sizeof(text)) < 0)
			exit(1);
}

static void fill(char **arg)
{
	static char text[CHUNK];
	char path[LINE];
	long long bytes = 0;

	(void)signal(SIGXFSZ, SIG_IGN);
	for (int n = 0;; n++) {
		ssize_t got = 0;
		int fd;

		(void)snprintf(path, sizeof(path), "%s/%d", arg[0], n);
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0)
			break;
		while ((got = write(fd, text, sizeof(text))) > 0)
			bytes += got;
		(void)close(fd);
		if (errno == ENOSPC)
			break;
	}
	(void)printf("%lld MB: %s\n", bytes / CHUNK, strerror(errno));
}

static void eat(char **arg)
{
	long children = strtol(arg[0], NULL, 10);

	for (long n = 0; n < children; n++)
		if (fork() == 0)
			break;
	for (;;) {
		char *p = malloc(CHUNK);

		if (p != NULL)
			memset(p, 1, CHUNK);
	}
}

/* Memory that MANY processes share is there only once. */
static void share(char **arg)
{
	static char text[64 * CHUNK];

	memset(text, 1, sizeof(text));
	for (long n = strtol(arg[0], NULL, 10); n > 0; n--)
		if (fork() == 0)
			stay();
	(void)usleep(100000);
	(void)printf("shared\n");
}

static void spin(char **arg)
{
	volatile unsigned long n = 0;

	(void)signal(SIGXCPU, SIG_IGN);
	for (long i = strtol(arg[0], NULL, 10); i > 0; i--)
		if (fork() == 0)
			break;
	for (;;)
		n++;
}

/* Whoever runs us, by the pid that it has outside, and pid 1. */
static void trace(char **arg)
{
	pid_t grader = (pid_t)strtol(arg[0], NULL, 10);

	said("ptrace grader", ptrace(PTRACE_ATTACH, grader, NULL, NULL));
	said("ptrace 1", ptrace(PTRACE_ATTACH, 1, NULL, NULL));
	said("kill grader", kill(grader, SIGKILL));
	said("memory of 1", open("/proc/1/mem", O_RDWR | O_CLOEXEC));
}

/* Cripple pid 1, which may be the same user, instead of killing it. */
static void starve(char **arg)
{
	const struct rlimit none = {0, 0};

	(void)arg;
	(void)setpriority(PRIO_PROCESS, 1, 19);
	(void)prlimit(1, RLIMIT_NOFILE, &none, NULL);
	(void)prlimit(1, RLIMIT_CPU, &none, NULL);
	for (;;)
		(void)getppid();
}

static void connect_out(char **arg)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sin.sin_port = htons((in_port_t)strtol(arg[1], NULL, 10));
	(void)inet_pton(AF_INET, arg[0], &sin.sin_addr);
	said("connect", connect(fd, (struct sockaddr *)&sin, sizeof(sin)));
}

/* By the path, and by a symbolic link to it. */
static void read_file(char **arg)
{
	char line[LINE] = "";
	FILE *f;

	(void)symlink(arg[0], "/tmp/link");
	f = fopen(access(arg[0], R_OK) == 0 ? arg[0] : "/tmp/link", "re");
	if (f == NULL) {
		(void)printf("open: %s\n", strerror(errno));
		return;
	}
	(void)printf("got <%s>\n", fgets(line, sizeof(line), f) ? line : "");
	(void)fclose(f);
}

static void binary(char **arg)
{
	static const char bytes[] = "a\0\xff\xc3(\x01\"\\\n";

	(void)arg;
	(void)fwrite(bytes, 1, sizeof(bytes) - 1, stdout);
}

/* Memory that is in no process's resident set, and what may bring more. */
static void hide_memory(char **arg)
{
	char params[LINE] = "";

	(void)arg;
	said("shmget", shmget(IPC_PRIVATE, CHUNK, IPC_CREAT | 0600));
	said("semget", semget(IPC_PRIVATE, 1, IPC_CREAT | 0600));
	said("msgget", msgget(IPC_PRIVATE, IPC_CREAT | 0600));
	said("memfd_create", memfd_create("attack", MFD_CLOEXEC));
	said("io_uring_setup", syscall(SYS_io_uring_setup, 1, params));
	said("userfaultfd", syscall(SYS_userfaultfd, 1));
	said("keyctl", syscall(SYS_keyctl, 0, -3, 1));
}

static void crash(char **arg)
{
	(void)raise((int)strtol(arg[0], NULL, 10));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int args;
		void (*run)(char **arg);
	} verbs[] = {
		{"descriptors", 0, descriptors},
		{"parents", 0, parents},
		{"rewrite", 2, rewrite},
		{"daemonise", 0, daemonise},
		{"stubborn", 0, stubborn},
		{"bomb", 0, bomb},
		{"wild_bomb", 0, wild_bomb},
		{"kill_all", 0, kill_all},
		{"flood", 1, flood},
		{"fill", 1, fill},
		{"eat", 1, eat},
		{"share", 1, share},
		{"spin", 1, spin},
		{"trace", 1, trace},
		{"starve", 0, starve},
		{"connect", 2, connect_out},
		{"read", 1, read_file},
		{"binary", 0, binary},
		{"hide_memory", 0, hide_memory},
		{"crash", 1, crash},
	};

	only_in_jail();
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (argc > 1 && strcmp(argv[1], verbs[i].name) == 0 &&
		    argc == 2 + verbs[i].args) {
			verbs[i].run(argv + 2);
			return 0;
		}
	(void)fprintf(stderr, "usage: attack VERB [ARG...]\n");
	return 2;
}
