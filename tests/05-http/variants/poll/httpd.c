/*
 * httpd.c - honest, and written otherwise: one file, poll(2), C strings, its
 * own dates and types, and a table of clients by descriptor
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "net.h"

#define DATE "%a, %d %b %Y %H:%M:%S GMT"

enum { HEAD_MAX = 12000, LINE_MAX_BYTES = 8000, LINES = 64, BLOCK = 65536 };

struct client {
	bool used, last, lingers;
	struct net_endpoint peer;
	net_time deadline;
	char *in;
	size_t in_len;
	char *out;
	size_t out_len, out_at;
	int file;
	off_t left;
};

struct asked {
	char *method, *target, *version, *query;
	char *since;
	int hosts, lengths;
	bool minor0, close, keep, coded, body, huge, none_match;
};

static struct client *table;
static struct pollfd *polled;
static int top, clients, root;
static bool verbose, ending, full;
static int64_t idle_ms = 10000;

/* --- Clients --- */

static void leave(int fd)
{
	struct client *c = &table[fd];

	free(c->in);
	free(c->out);
	if (c->file >= 0)
		close(c->file);
	close(fd);
	*c = (struct client){0};
	polled[fd].fd = -1;
	clients--;
	full = false;
}

static void come(int fd, const struct net_endpoint *peer)
{
	net_set_nonblocking(fd, true);
	table[fd] = (struct client){.used = true,
				    .file = -1,
				    .peer = *peer,
				    .deadline = net_deadline(idle_ms)};
	polled[fd] = (struct pollfd){.fd = fd, .events = POLLIN};
	clients++;
	if (fd >= top)
		top = fd + 1;
}

/* --- Answers --- */

__attribute__((format(printf, 2, 3))) static void add(struct client *c,
						      const char *format, ...)
{
	char text[3 * LINE_MAX_BYTES + 100];
	va_list args;

	va_start(args, format);
	size_t n = (size_t)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	c->out = realloc(c->out, c->out_len + n + 1);
	if (!c->out)
		cli_die("no memory");
	memcpy(c->out + c->out_len, text, n + 1);
	c->out_len += n;
}

static const char *date_of(time_t when)
{
	static char text[64];

	strftime(text, sizeof text, DATE, gmtime(&when));
	return text;
}

static const char *words_for(int status)
{
	return status == 200   ? "OK"
	       : status == 301 ? "Moved"
	       : status == 304 ? "Not Modified"
	       : status == 404 ? "Not Found"
			       : "No";
}

static const char *type_of(const char *path)
{
	static const char *const types[][2] = {
		{".html", "text/html; charset=UTF-8"},
		{".txt", "text/plain;charset=utf-8"},
		{".css", "text/css; charset=utf-8"},
		{".js", "application/javascript; charset=utf-8"},
		{".png", "image/png"},
	};
	const char *dot = strrchr(path, '.');

	for (int i = 0; dot && i < 5; i++)
		if (strcmp(dot, types[i][0]) == 0)
			return types[i][1];
	return "application/octet-stream";
}

static void log_line(struct client *c, const char *line, int status,
		     long long bytes)
{
	char peer[NET_ENDPOINT_LEN], when[40], quoted[800];
	time_t now = time(NULL);
	size_t n = 0;

	if (!verbose)
		return;
	net_endpoint_format(&c->peer, peer, sizeof peer);
	*strrchr(peer, ':') = '\0';
	strftime(when, sizeof when, "%d/%b/%Y:%H:%M:%S %z", localtime(&now));
	for (; *line && n < sizeof quoted - 1; line++)
		quoted[n++] = isprint((unsigned char)*line) && *line != '"'
				      ? *line
				      : '?';
	quoted[n] = '\0';
	cli_log("%s - - [%s] \"%s\" %d %lld", peer, when, quoted, status,
		bytes);
}

static void begin_answer(struct client *c, int status)
{
	add(c, "HTTP/1.1 %d %s\r\nserver: poll\r\n", status, words_for(status));
	add(c, "date: %s\r\n", date_of(time(NULL)));
	if (c->last)
		add(c, "connection: close\r\n");
}

/* An answer with a sentence; to HEAD, without. */
static void say(struct client *c, const char *line, int status, bool head,
		const char *more)
{
	begin_answer(c, status);
	add(c,
	    "%scontent-type: text/plain; charset=utf-8\r\n"
	    "content-length: 4\r\n\r\n%s",
	    more, head ? "" : "no.\n");
	log_line(c, line, status, head ? 0 : 4);
}

static void refuse(struct client *c, const char *line, int status)
{
	c->last = true;
	say(c, line, status, false, "");
}

/* --- The file --- */

static int open_below(const char *path)
{
	struct open_how how = {.flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC,
			       .resolve = RESOLVE_BENEATH};

	return (int)syscall(SYS_openat2, root, *path ? path : ".", &how,
			    sizeof how);
}

static time_t read_date(const char *text)
{
	static const char *const forms[] = {DATE, "%A, %d-%b-%y %H:%M:%S GMT",
					    "%a %b %d %H:%M:%S %Y"};

	for (int i = 0; i < 3; i++) {
		struct tm tm = {0};
		const char *end = strptime(text, forms[i], &tm);
		if (end && *end == '\0')
			return timegm(&tm);
	}
	return -1;
}

static void give(struct client *c, const char *line, struct asked *a,
		 const char *path, int fd, const struct stat *st)
{
	bool head = strcmp(a->method, "HEAD") == 0;
	time_t since = a->since && !a->none_match ? read_date(a->since) : -1;
	time_t now = time(NULL);
	bool same = since >= st->st_mtime;

	begin_answer(c, same ? 304 : 200);
	add(c, "last-modified: %s\r\n",
	    date_of(st->st_mtime < now ? st->st_mtime : now));
	if (!same)
		add(c, "content-type: %s\r\ncontent-length: %lld\r\n",
		    type_of(path), (long long)st->st_size);
	add(c, "\r\n");
	log_line(c, line, same ? 304 : 200,
		 same || head ? 0 : (long long)st->st_size);
	if (same || head || st->st_size == 0) {
		close(fd);
		return;
	}
	c->file = fd;
	c->left = st->st_size;
	if (c->left > BLOCK)
		return;
	c->out = realloc(c->out, c->out_len + (size_t)c->left);
	if (!c->out)
		cli_die("no memory");
	ssize_t n = read(fd, c->out + c->out_len, (size_t)c->left);
	c->out_len += n > 0 ? (size_t)n : 0;
	c->last |= n != c->left;
	c->left = 0;
}

/* Decode in place; false if that cannot be. */
static bool decode(char *path)
{
	char *to = path, hex[3] = "";

	for (char *from = path; *from; to++) {
		*to = *from++;
		if (*to != '%')
			continue;
		if (!isxdigit((unsigned char)from[0]) ||
		    !isxdigit((unsigned char)from[1]))
			return false;
		memcpy(hex, from, 2);
		*to = (char)strtol(hex, NULL, 16);
		if (*to == '\0')
			return false;
		from += 2;
	}
	*to = '\0';
	return true;
}

static void redirect(struct client *c, const char *line, bool head,
		     const char *path)
{
	char more[3 * LINE_MAX_BYTES + 40];
	char *to = stpcpy(more, "location: /");

	for (; *path; path++)
		if (isalnum((unsigned char)*path) || strchr("/-_.", *path))
			*to++ = *path;
		else
			to += sprintf(to, "%%%02X", (unsigned char)*path);
	strcpy(to, "/\r\n");
	say(c, line, 301, head, more);
}

static void look_for(struct client *c, const char *line, struct asked *a,
		     char *path)
{
	char name[LINE_MAX_BYTES + 20];
	bool head = strcmp(a->method, "HEAD") == 0;
	struct stat st;

	while (*path == '/')
		path++;
	size_t len = strlen(path);
	bool folder = len == 0 || path[len - 1] == '/';
	snprintf(name, sizeof name, "%s%s", path, folder ? "index.html" : "");
	int fd = open_below(name);
	if (fd < 0 || fstat(fd, &st) < 0) {
		say(c, line, errno == EMFILE ? 503 : 404, head, "");
	} else if (S_ISDIR(st.st_mode)) {
		redirect(c, line, head, path);
	} else if (S_ISREG(st.st_mode)) {
		give(c, line, a, name, fd, &st);
		return;
	} else {
		say(c, line, 403, head, "");
	}
	if (fd >= 0)
		close(fd);
}

/* --- The request --- */

/* Whether the list TEXT has WORD. */
static bool lists(const char *text, const char *word)
{
	while (*text) {
		text += strspn(text, ", \t");
		size_t n = strcspn(text, ", \t");
		if (n == strlen(word) && strncasecmp(text, word, n) == 0)
			return true;
		text += n;
	}
	return false;
}

static bool field(struct asked *a, char *line)
{
	static const char token[] =
		"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t n = strspn(line, token);
	char *value = line + n + 1;

	if (n == 0 || line[n] != ':')
		return false;
	line[n] = '\0';
	value += strspn(value, " \t");
	for (size_t len = strlen(value);
	     len > 0 && strchr(" \t", value[len - 1]); len--)
		value[len - 1] = '\0';
	if (strcasecmp(line, "host") == 0)
		return ++a->hosts == 1 && !strpbrk(value, " \t/\\");
	if (strcasecmp(line, "content-length") == 0) {
		a->body |= strspn(value, "0") != strlen(value);
		a->huge |= strlen(value) > 5;
		return ++a->lengths == 1 && *value &&
		       strspn(value, "0123456789") == strlen(value);
	}
	if (strcasecmp(line, "transfer-encoding") == 0) {
		bool known = !a->coded && strcasecmp(value, "chunked") == 0;
		a->coded = true;
		return known;
	}
	if (strcasecmp(line, "connection") == 0) {
		a->close |= lists(value, "close");
		a->keep |= lists(value, "keep-alive");
	}
	if (strcasecmp(line, "if-modified-since") == 0)
		a->since = value;
	if (strcasecmp(line, "if-none-match") == 0)
		a->none_match = true;
	return true;
}

static int first_line(struct asked *a, char *line)
{
	a->method = line;
	a->target = strchr(line, ' ');
	if (!a->target)
		return 400;
	*a->target++ = '\0';
	a->version = strchr(a->target, ' ');
	if (!a->version)
		return 400;
	*a->version++ = '\0';
	if (strncmp(a->version, "HTTP/", 5) != 0 || strlen(a->version) != 8 ||
	    a->version[6] != '.' || !isdigit((unsigned char)a->version[5]) ||
	    !isdigit((unsigned char)a->version[7]))
		return 400;
	a->minor0 = a->version[7] == '0';
	if (a->version[5] != '1')
		return 505;
	if (strncasecmp(a->target, "http://", 7) == 0) {
		a->target += 7;
		a->target += strcspn(a->target, "/?");
	} else if (*a->target != '/') {
		return 400;
	}
	a->query = strchr(a->target, '?');
	if (a->query)
		*a->query = '\0';
	return 200;
}

static int understand(struct asked *a, char *head)
{
	char *line = head, *next = strstr(head, "\r\n");
	int status = 200, lines = 0;

	*next = '\0';
	status = first_line(a, line);
	while (status == 200) {
		line = next + 2;
		next = strstr(line, "\r\n");
		if (!next)
			break;
		*next = '\0';
		if (*line && !field(a, line))
			return 400;
		if (++lines > LINES)
			return 431;
	}
	if (status == 200 && !a->minor0 && a->hosts == 0)
		return 400;
	if (status == 200 && a->huge)
		return 413;
	if (status == 200 && a->coded && (a->lengths > 0 || a->minor0))
		return 400;
	return status;
}

static void answer(struct client *c, char *head)
{
	struct asked a = {0};
	char line[801], path[LINE_MAX_BYTES + 1];

	snprintf(line, sizeof line, "%.*s", (int)strcspn(head, "\r\n"), head);
	int status = understand(&a, head);
	if (status != 200) {
		refuse(c, line, status);
		return;
	}
	c->last =
		ending || a.close || (a.minor0 && !a.keep) || a.body || a.coded;
	bool known =
		strcmp(a.method, "GET") == 0 || strcmp(a.method, "HEAD") == 0;
	bool other = strcmp(a.method, "POST") == 0 ||
		     strcmp(a.method, "PUT") == 0 ||
		     strcmp(a.method, "DELETE") == 0;
	snprintf(path, sizeof path, "%s", a.target);
	if (!known)
		say(c, line, other ? 405 : 501, false,
		    other ? "allow: HEAD, GET\r\n" : "");
	else if (!decode(path))
		refuse(c, line, 400);
	else
		look_for(c, line, &a, path);
}

/* How long the head is that has come; 0: not all of it, or a status. */
static size_t head_length(const struct client *c, int *status)
{
	const char *end = memmem(c->in, c->in_len, "\r\n\r\n", 4);
	size_t len = end ? (size_t)(end - c->in) + 4 : c->in_len;
	const char *lf = memchr(c->in, '\n', len);
	bool bad = false;

	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)c->in[i];
		bad |= (byte < ' ' && !strchr("\t\r\n", byte)) || byte == 0 ||
		       byte == 127;
		bad |= byte == '\r' && i + 1 < len && c->in[i + 1] != '\n';
		bad |= byte == '\n' && (i == 0 || c->in[i - 1] != '\r');
	}
	*status = (lf ? (size_t)(lf - c->in) : len) > LINE_MAX_BYTES ? 414
		  : len > HEAD_MAX				     ? 431
		  : bad						     ? 400
								     : 0;
	return end && *status == 0 ? len : 0;
}

/* Answer what can be, while there is nothing to be sent. */
static void answer_all(int fd)
{
	struct client *c = &table[fd];

	while (!c->out && c->file < 0 && !c->last && c->in_len > 0) {
		if (c->in_len >= 2 && memcmp(c->in, "\r\n", 2) == 0) {
			memmove(c->in, c->in + 2, c->in_len -= 2);
			continue;
		}
		int status = 0;
		size_t len = head_length(c, &status);
		if (status != 0)
			refuse(c, "-", status);
		if (len == 0)
			return;
		char *head = strndup(c->in, len);
		if (!head)
			exit(CLI_FAILED);
		memmove(c->in, c->in + len, c->in_len -= len);
		answer(c, head);
		free(head);
	}
}

/* --- In and out --- */

/* What is left of a file, block by block. */
static bool refill(struct client *c)
{
	c->out = malloc(BLOCK);
	ssize_t n = c->out ? read(c->file, c->out, BLOCK) : -1;

	if (n <= 0)
		return false;
	c->out_len = (size_t)n < (size_t)c->left ? (size_t)n : (size_t)c->left;
	c->out_at = 0;
	c->left -= (off_t)c->out_len;
	return true;
}

/* Send; false if the client has to go. */
static bool flush(int fd)
{
	struct client *c = &table[fd];

	while (c->out || c->file >= 0) {
		if (!c->out && c->left > 0 && !refill(c))
			return false;
		if (!c->out) {
			close(c->file);
			c->file = -1;
			continue;
		}
		ssize_t n = send(fd, c->out + c->out_at, c->out_len - c->out_at,
				 MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (n < 0)
			return false;
		c->deadline = net_deadline(idle_ms);
		c->out_at += (size_t)n;
		if (c->out_at < c->out_len)
			continue;
		free(c->out);
		c->out = NULL;
		c->out_len = c->out_at = 0;
	}
	if (c->last && !c->lingers) {
		shutdown(fd, SHUT_WR);
		c->lingers = true;
	}
	return true;
}

static bool receive(int fd)
{
	struct client *c = &table[fd];
	char buf[BLOCK / 8];
	ssize_t n = recv(fd, buf, c->lingers ? sizeof buf : sizeof buf / 2, 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	if (c->lingers)
		return true;
	if (c->in_len == 0)
		c->deadline = net_deadline(idle_ms);
	c->in = realloc(c->in, c->in_len + (size_t)n);
	if (!c->in)
		return false;
	memcpy(c->in + c->in_len, buf, (size_t)n);
	c->in_len += (size_t)n;
	return true;
}

static void serve(int fd, short events)
{
	struct client *c = &table[fd];

	if ((events & ~POLLOUT) && !receive(fd)) {
		leave(fd);
		return;
	}
	do {
		answer_all(fd);
		if (!flush(fd)) {
			leave(fd);
			return;
		}
	} while (!c->out && c->file < 0 && !c->last && c->in_len > 0 &&
		 memmem(c->in, c->in_len, "\r\n\r\n", 4));
	if (c->in_len == 0) {
		free(c->in);
		c->in = NULL;
	}
	polled[fd].events = c->out || c->file >= 0 ? POLLOUT : POLLIN;
}

static void expire(int fd)
{
	struct client *c = &table[fd];

	if (c->in_len > 0 && !c->out && c->file < 0 && !c->last) {
		refuse(c, "-", 408);
		c->deadline = net_deadline(idle_ms);
		serve(fd, POLLOUT);
	} else {
		leave(fd);
	}
}

static void sweep(void)
{
	net_time now = net_now();

	for (int fd = 0; fd < top; fd++) {
		struct client *c = &table[fd];
		bool rests =
			c->used && c->in_len == 0 && !c->out && c->file < 0;

		if (c->used && ending && rests)
			leave(fd);
		else if (c->used && c->deadline <= now)
			expire(fd);
	}
}

/* --- The loop --- */

static void take_clients(int listener, int limit)
{
	struct net_endpoint peer;

	while (!full) {
		int fd = clients < limit - 16 ? net_accept(listener, &peer)
					      : (errno = EMFILE, -1);
		if (fd < 0) {
			full = net_no_room(errno);
			return;
		}
		come(fd, &peer);
		serve(fd, POLLIN);
	}
}

static void loop(int listener, int limit)
{
	bool stopping = false;

	while (!stopping || clients > 0) {
		if (!stopping && cli_stopping()) {
			take_clients(listener, limit);
			stopping = ending = true;
			close(listener);
			polled[listener].fd = -1;
			sweep();
			continue;
		}
		if (!stopping)
			polled[listener].fd = full ? -1 : listener;
		const struct timespec wait = {0, 100000000};
		int n = ppoll(polled, (nfds_t)top, &wait, cli_wait_mask());
		full = false;
		for (int fd = 0; n > 0 && fd < top; fd++) {
			if (polled[fd].fd < 0 || polled[fd].revents == 0)
				continue;
			if (table[fd].used)
				serve(fd, polled[fd].revents);
			else
				take_clients(listener, limit);
		}
		sweep();
	}
}

int main(int argc, char **argv)
{
	const char *addr = NULL;
	uint16_t port = 8080;
	int opt;

	cli_init(argv[0], "[-v] [-b ADDR] [-p PORT] [-t IDLE_MS] DIR");
	while ((opt = getopt(argc, argv, "vb:p:t:")) != -1) {
		if (opt == 'v')
			verbose = true;
		else if (opt == 'b')
			addr = cli_address(optarg);
		else if (opt == 'p')
			port = cli_listen_port(optarg);
		else if (opt == 't')
			idle_ms = strtol(optarg, NULL, 10);
		else
			cli_usage();
	}
	if (argc != optind + 1 || idle_ms <= 0)
		cli_usage();
	root = open(argv[optind], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		cli_die_errno("%s", argv[optind]);
	int limit = net_raise_descriptor_limit();
	table = calloc((size_t)limit, sizeof *table);
	polled = malloc((size_t)limit * sizeof *polled);
	if (!table || !polled)
		cli_die("no memory");
	for (int fd = 0; fd < limit; fd++)
		polled[fd].fd = -1;
	int listener = net_listen(addr, port);
	if (listener < 0)
		cli_die_errno("port %u", port);
	polled[listener] = (struct pollfd){.fd = listener, .events = POLLIN};
	top = listener + 1;
	loop(listener, limit);
	free(table);
	free(polled);
	close(root);
	return CLI_OK;
}
