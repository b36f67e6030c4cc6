/*
 * httpd.c - honest, and written otherwise: two processes with one listener, and
 * every liberty that RFC 9110 and RFC 9112 leave a server
 *
 * LF alone ends a line; a folded line is unfolded, a lone CR and a NUL become
 * blanks; bodies are read off, chunked ones too; what makes no sense is not
 * answered at all, but for what must be answered with 400. Its messages, and
 * its usage of several lines, are its own.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "beneath.h"
#include "cli.h"
#include "http.h"
#include "net.h"

enum { HEAD = 9000, OUT = 40000, SMALL = 20000, PROCESSES = 2, TICK_MS = 50 };

enum state { HEADER, BODY, CHUNK, CHUNK_END, TRAILER, SENDING, LINGERING };

struct client {
	struct client *next;
	int fd, file;
	enum state state, after; /* what comes when all is sent */
	net_time deadline;
	struct net_endpoint peer;
	char *in, *out;
	size_t in_len, out_len, out_at;
	off_t file_left;
	unsigned long long skip;
	bool last, gone, writes;
};

struct request {
	char *method, *target, *since;
	bool head, old, close, chunked, coded, sized, huge, none_match;
	unsigned long long length;
	int hosts;
};

static struct client *clients;
static int epoll, root, count;
static bool verbose, ending;
static int64_t idle_ms = 10000;

static void *memory(void *old, size_t size)
{
	void *new = realloc(old, size);

	if (!new)
		cli_die("no memory");
	return new;
}

/* --- What is sent --- */

static void put(struct client *c, const char *text)
{
	size_t n = strlen(text);

	if (!c->out)
		c->out = memory(NULL, OUT);
	if (c->out_len + n < OUT) {
		memcpy(c->out + c->out_len, text, n);
		c->out_len += n;
	}
}

static void put_start(struct client *c, const char *status)
{
	char date[HTTP_DATE_BYTES];

	put(c, "HTTP/1.1 ");
	put(c, status);
	http_date(date, time(NULL));
	put(c, "\r\nDATE:");
	put(c, date);
	put(c, c->last ? " \r\nCONNECTION: Close\r\n" : " \r\n");
}

static void log_it(struct client *c, const char *line, int status, off_t bytes)
{
	char text[HTTP_LOG_BYTES];
	struct http_exchange what = {line, strcspn(line, "\n"), status, bytes};

	if (verbose)
		cli_log("%s", http_log(text, &c->peer, time(NULL), &what));
}

static void answer_error(struct client *c, const struct request *r,
			 const char *line, const char *status)
{
	put_start(c, status);
	if (r->method && strncmp(status, "405", 3) == 0)
		put(c, "ALLOW: GET\r\nALLOW: HEAD\r\n");
	put(c, "CONTENT-LENGTH:   0\r\n\r\n");
	log_it(c, line, atoi(status), 0);
}

static void answer_moved(struct client *c, const char *line, const char *path)
{
	char place[3 * HEAD + 1];

	*http_escape(place, path) = '\0';
	put_start(c, "308 ");
	put(c, "LOCATION: http://www.lab/");
	put(c, place);
	put(c, "/\r\nCONTENT-LENGTH: 0\r\n\r\n");
	log_it(c, line, 308, 0);
}

static void answer_file(struct client *c, const struct request *r,
			const char *line, const char *path, int fd,
			const struct stat *st)
{
	time_t now = time(NULL);
	time_t since =
		r->since && !r->none_match
			? http_parse_date(r->since, strlen(r->since), now)
			: -1;
	char date[HTTP_DATE_BYTES], length[60];
	bool same = since >= st->st_mtime;

	put_start(c, same ? "304 Same as ever" : "200 Here it is");
	http_date(date, st->st_mtime < now ? st->st_mtime : now);
	put(c, "LAST-MODIFIED: ");
	put(c, date);
	snprintf(length, sizeof length, "\r\nCONTENT-LENGTH: %lld\r\n\r\n",
		 (long long)st->st_size);
	if (!same) {
		put(c, "\r\nCONTENT-TYPE: ");
		put(c, http_type(path));
	}
	put(c, same || r->head ? "\r\n\r\n" : length);
	log_it(c, line, same ? 304 : 200, same || r->head ? 0 : st->st_size);
	if (same || r->head || st->st_size == 0) {
		close(fd);
		return;
	}
	c->file = fd;
	c->file_left = st->st_size;
}

static void answer(struct client *c, const struct request *r, const char *line)
{
	char path[HEAD + 20];
	char *to = path;
	struct stat st;

	for (const char *at = r->target; *at && *at != '?'; at++) {
		int byte = *at == '%' ? http_unescape(at, strlen(at)) : *at;
		if (byte == 0 || (*at == '%' && byte < 0)) {
			answer_error(c, r, line, "404 ");
			return;
		}
		at += *at == '%' ? 2 : 0;
		if (to > path || byte != '/')
			*to++ = (char)byte;
	}
	*to = '\0';
	if (to == path || to[-1] == '/')
		stpcpy(to, "index.html");
	int fd = beneath_open(root, path, O_RDONLY | O_NONBLOCK);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		answer_file(c, r, line, path, fd, &st);
		return;
	}
	if (fd >= 0 && S_ISDIR(st.st_mode))
		answer_moved(c, line, path);
	else
		answer_error(c, r, line,
			     errno == EMFILE ? "503 " : "404 Nothing there");
	if (fd >= 0)
		close(fd);
}

/* --- What is asked --- */

static char *trimmed(char *value)
{
	value += strspn(value, " \t");
	for (size_t n = strlen(value); n > 0 && strchr(" \t", value[n - 1]);)
		value[--n] = '\0';
	return value;
}

/* Whether a length is one; the same twice is one. */
static bool take_length(struct request *r, const char *value)
{
	unsigned long long length = strtoull(value, NULL, 10);

	if (!*value || value[strspn(value, "0123456789")] ||
	    (r->sized && length != r->length))
		return false;
	r->sized = true;
	r->length = length;
	r->huge = strlen(value) > 12;
	return true;
}

static bool take_field(struct request *r, char *line)
{
	size_t n = http_token(line, strlen(line));
	char *value = trimmed(line + n + 1);

	if (n == 0 || line[n] != ':')
		return false;
	line[n] = '\0';
	if (strcasecmp(line, "host") == 0)
		return http_is_authority(value, strlen(value)) &&
		       ++r->hosts == 1;
	if (strcasecmp(line, "content-length") == 0)
		return take_length(r, value);
	if (strcasecmp(line, "transfer-encoding") == 0) {
		if (r->coded || strcasecmp(value, "chunked") != 0)
			return false;
		r->coded = true;
	}
	if (strcasecmp(line, "connection") == 0)
		r->close |= http_has_member(value, strlen(value), "close");
	if (strcasecmp(line, "if-modified-since") == 0)
		r->since = value;
	if (strcasecmp(line, "if-none-match") == 0)
		r->none_match = true;
	return true;
}

/* The request line; the status of what it is not. */
static const char *take_line(struct request *r, char *line)
{
	char *save = NULL;

	r->method = strtok_r(line, " ", &save);
	r->target = strtok_r(NULL, " ", &save);
	char *version = strtok_r(NULL, " ", &save);
	if (!version || strtok_r(NULL, " ", &save) ||
	    http_version(version, strlen(version)) / 10 != 1)
		return "400 ";
	r->old = strcmp(version, "HTTP/1.0") == 0;
	r->head = strcmp(r->method, "HEAD") == 0;
	if (strncasecmp(r->target, "http://", 7) == 0)
		r->target += 7 + strcspn(r->target + 7, "/?");
	else if (*r->target != '/')
		return "400 ";
	return NULL;
}

/* The lines of HEAD, which is changed; NULL, or why not. */
static const char *understand(struct request *r, char *head)
{
	char *save = NULL;
	const char *wrong = take_line(r, strtok_r(head, "\n", &save));

	for (char *line; !wrong && (line = strtok_r(NULL, "\n", &save));)
		if (!take_field(r, line))
			wrong = "400 ";
	if (!wrong && !r->old && r->hosts != 1)
		wrong = "400 ";
	if (!wrong && r->old && r->coded)
		wrong = "400 ";
	return wrong ? wrong : r->huge ? "413 " : NULL;
}

/* One line ends with LF; CR LF blank goes on; other CRs and NULs are blanks. */
static char *unfolded(const char *in, size_t len)
{
	char *text = memory(NULL, len + 1), *to = text;

	for (size_t i = 0; i < len; i++) {
		bool line_ends =
			in[i] == '\n' || (in[i] == '\r' && in[i + 1] == '\n');
		size_t next = i + (in[i] == '\r' ? 2 : 1);
		if (line_ends && next < len &&
		    (in[next] == ' ' || in[next] == '\t'))
			line_ends = false;
		if (!line_ends || to == text || to[-1] != '\n')
			*to++ = line_ends ? '\n'
				: in[i] == '\r' || in[i] == '\0' ||
						in[i] == '\n'
					? ' '
					: in[i];
		if (in[i] == '\r' && in[i + 1] == '\n')
			i++;
	}
	*to = '\0';
	return text;
}

/* How many bytes are a header, or 0. */
static size_t header_length(const struct client *c)
{
	for (size_t i = 0; i + 1 < c->in_len; i++) {
		if (c->in[i] != '\n')
			continue;
		if (c->in[i + 1] == '\n')
			return i + 2;
		if (c->in[i + 1] == '\r' && i + 2 < c->in_len &&
		    c->in[i + 2] == '\n')
			return i + 3;
	}
	return 0;
}

static void use(struct client *c, size_t n)
{
	c->in_len -= n;
	memmove(c->in, c->in + n, c->in_len);
}

static void respond(struct client *c, const char *head, size_t len)
{
	struct request r = {0};
	char *text = unfolded(head, len), *line = strdup(text);
	const char *wrong = understand(&r, text);
	bool file = r.head || (r.method && strcmp(r.method, "GET") == 0);

	c->last = wrong || ending || r.close || r.old || (r.coded && r.sized);
	c->after = r.coded ? CHUNK : r.length > 0 ? BODY : HEADER;
	c->skip = r.length;
	if (wrong)
		answer_error(c, &r, line, wrong);
	else if (!file)
		answer_error(c, &r, line,
			     http_is_method(r.method, strlen(r.method))
				     ? "405 Not here"
				     : "501 Never heard of");
	else
		answer(c, &r, line);
	c->state = SENDING;
	free(line);
	free(text);
}

/* Answer a header, if there is one; false if more has to come. */
static bool read_header(struct client *c)
{
	while (c->in_len > 0 && (*c->in == '\r' || *c->in == '\n'))
		use(c, 1);
	size_t len = header_length(c);
	if (len == 0 && c->in_len >= HEAD) {
		const struct request none = {0};
		bool line = memchr(c->in, '\n', c->in_len) != NULL;
		c->last = true;
		answer_error(c, &none, "", line ? "431 " : "414 ");
		c->after = HEADER;
		c->state = SENDING;
		return true;
	}
	if (len == 0)
		return false;
	char *head = memory(NULL, len);
	memcpy(head, c->in, len);
	use(c, len);
	respond(c, head, len);
	free(head);
	return true;
}

/* --- Bodies --- */

static bool skip_body(struct client *c)
{
	size_t n = c->in_len < c->skip ? c->in_len : (size_t)c->skip;

	c->skip -= n;
	use(c, n);
	if (c->skip == 0)
		c->state = c->state == CHUNK_END ? CHUNK : HEADER;
	return c->skip == 0;
}

/* A line of the chunked coding: a size, or a trailer. */
static bool skip_line(struct client *c)
{
	char *lf = c->in_len ? memchr(c->in, '\n', c->in_len) : NULL, *end;

	if (!lf) {
		c->gone = c->in_len > 1000;
		return false;
	}
	size_t len = (size_t)(lf - c->in) + 1;
	bool empty = len == 2 && *c->in == '\r';
	if (c->state == TRAILER) {
		c->state = empty ? HEADER : TRAILER;
	} else {
		bool size = isxdigit((unsigned char)*c->in);
		c->skip = size ? strtoull(c->in, &end, 16) : 0;
		c->gone = !size || *end != '\r' || len > 10;
		c->state = c->skip > 0 ? CHUNK_END : TRAILER;
		c->skip += 2;
	}
	use(c, len);
	if (c->state == TRAILER)
		c->skip = 0;
	return !c->gone;
}

/* --- In and out --- */

/* Go on with what is to be sent; false if there is no room. */
static bool send_more(struct client *c)
{
	while (c->out_at < c->out_len || c->file_left > 0) {
		size_t room = OUT - c->out_len;
		if (c->file_left > 0 && room > 0) {
			ssize_t n = read(c->file, c->out + c->out_len,
					 c->file_left < (off_t)room
						 ? (size_t)c->file_left
						 : room);
			if (n <= 0) {
				c->gone = true;
				return false;
			}
			c->out_len += (size_t)n;
			c->file_left -= n;
		}
		ssize_t n = send(c->fd, c->out + c->out_at,
				 c->out_len - c->out_at, MSG_NOSIGNAL);
		if (n < 0) {
			c->gone = errno != EAGAIN && errno != EINTR;
			return false;
		}
		c->deadline = net_deadline(idle_ms);
		c->out_at += (size_t)n;
		if (c->out_at == c->out_len)
			c->out_at = c->out_len = 0;
	}
	free(c->out);
	c->out = NULL;
	if (c->file >= 0)
		close(c->file);
	c->file = -1;
	c->state = c->last ? LINGERING : c->after;
	if (c->last)
		shutdown(c->fd, SHUT_WR);
	return true;
}

static bool step(struct client *c)
{
	switch (c->state) {
	case HEADER:
		return read_header(c);
	case BODY:
	case CHUNK_END:
		return skip_body(c);
	case CHUNK:
	case TRAILER:
		return skip_line(c);
	case SENDING:
		return send_more(c);
	case LINGERING:
		c->in_len = 0;
		return false;
	}
	return false;
}

static void take_in(struct client *c)
{
	bool idle = c->state == HEADER && c->in_len == 0;

	if (!c->in)
		c->in = memory(NULL, HEAD);
	if (c->in_len == HEAD)
		return;
	ssize_t n = recv(c->fd, c->in + c->in_len, HEAD - c->in_len, 0);
	c->gone = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
	if (n > 0)
		c->in_len += (size_t)n;
	if (n > 0 && (idle || c->state == BODY))
		c->deadline = net_deadline(idle_ms);
}

static void go_on(struct client *c, bool readable)
{
	if (readable && c->state != SENDING)
		take_in(c);
	while (!c->gone && step(c))
		;
	if (c->in_len == 0) {
		free(c->in);
		c->in = NULL;
	}
	bool writes = c->state == SENDING;
	struct epoll_event event = {writes ? EPOLLOUT : EPOLLIN, {.ptr = c}};
	if (writes != c->writes)
		epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event);
	c->writes = writes;
}

/* --- All of them --- */

static void bury(void)
{
	for (struct client **at = &clients, *c; (c = *at) != NULL;) {
		bool idle = c->state == HEADER && c->in_len == 0;
		if (!c->gone && c->deadline > net_now() && !(ending && idle)) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		close(c->fd);
		if (c->file >= 0)
			close(c->file);
		free(c->in);
		free(c->out);
		free(c);
		count--;
	}
}

static bool take_client(int listener, int most)
{
	struct net_endpoint peer;
	int fd = count < most ? net_accept_nonblocking(listener, &peer) : -1;

	if (fd < 0)
		return false;
	struct client *c = memory(NULL, sizeof *c);
	*c = (struct client){.next = clients,
			     .fd = fd,
			     .file = -1,
			     .peer = peer,
			     .deadline = net_deadline(idle_ms)};
	clients = c;
	count++;
	struct epoll_event event = {EPOLLIN, {.ptr = c}};
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	return true;
}

static int serve(int listener)
{
	struct epoll_event events[64];
	int most = net_raise_descriptor_limit() - 14, n;
	net_time tick = 0;

	epoll = epoll_create1(EPOLL_CLOEXEC);
	while (!ending || clients) {
		struct epoll_event event = {EPOLLIN, {0}};
		bool room = !ending && count < most && net_now() >= tick;
		if (room)
			epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
		n = epoll_pwait(epoll, events, 64, TICK_MS, cli_wait_mask());
		if (room)
			epoll_ctl(epoll, EPOLL_CTL_DEL, listener, NULL);
		for (int i = 0; i < n; i++)
			if (events[i].data.ptr)
				go_on(events[i].data.ptr,
				      events[i].events & ~EPOLLOUT);
			else if (!take_client(listener, most) &&
				 errno != EAGAIN)
				tick = net_deadline(TICK_MS);
		if (!ending && cli_stopping()) {
			while (take_client(listener, most))
				go_on(clients, true);
			close(listener);
			ending = true;
		}
		bury();
	}
	close(epoll);
	return CLI_OK;
}

_Noreturn static void complain(int status, const char *what)
{
	fprintf(stderr, "httpd: %s\n", what);
	if (status == CLI_USAGE)
		fputs("Usage: httpd [option...] DIR\n"
		      "  -b ADDR     listen only there\n"
		      "  -p PORT     8080, if not given\n"
		      "  -t IDLE_MS  how long a client may do nothing\n"
		      "  -v          log\n",
		      stderr);
	exit(status);
}

int main(int argc, char **argv)
{
	const char *addr = NULL;
	int port = 8080;
	pid_t children[PROCESSES];
	int opt, status, worst = CLI_OK;

	cli_init(argv[0], "[-v] [-b ADDR] [-p PORT] [-t IDLE_MS] DIR");
	while ((opt = getopt(argc, argv, "vb:p:t:")) != -1) {
		if (opt == 'v')
			verbose = true;
		else if (opt == 'b')
			addr = cli_address(optarg);
		else if (opt == 'p')
			port = net_listen_port_parse(optarg);
		else if (opt == 't')
			idle_ms = strtol(optarg, NULL, 10);
		else
			complain(CLI_USAGE, "no such option");
	}
	if (argc != optind + 1 || idle_ms <= 0)
		complain(CLI_USAGE, "a time above 0, and a folder");
	if (port < 0)
		complain(CLI_USAGE, "bad port: it has to be 0 to 65535");
	root = open(argv[optind], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		complain(CLI_FAILED, strerror(errno));
	int listener = net_listen(addr, (uint16_t)port);
	if (listener < 0)
		complain(CLI_FAILED, strerror(errno));
	for (int i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		if (children[i] < 0)
			cli_die_errno("fork");
		if (children[i] == 0)
			return serve(listener);
	}
	close(listener);
	while (cli_wait(root, 0))
		;
	for (int i = 0; i < PROCESSES; i++)
		kill(children[i], SIGTERM);
	for (int i = 0; i < PROCESSES; i++)
		if (waitpid(children[i], &status, 0) < 0 || status != 0)
			worst = CLI_FAILED;
	return worst;
}
