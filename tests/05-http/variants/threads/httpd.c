/*
 * httpd.c - honest, and written otherwise: threads with a loop of their own
 * each, chunks of a response in an iovec, a parser that goes byte by byte
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "beneath.h"
#include "cli.h"
#include "http.h"
#include "net.h"

enum {
	THREADS = 3,
	LINE = 8192,
	HEADER = 16000,
	FIELDS = 100,
	ANSWER = 32768,
	TICK_MS = 100,
};

/* Where the parser is. */
enum place { START, LINE_IN, LF_WANTED, DONE };

struct client {
	struct client *before, *after;
	int fd, file;
	net_time deadline;
	struct net_endpoint peer;
	enum place place;
	char *in;
	size_t in_len, seen, line_at;
	char *answer;
	size_t answer_len, answer_at;
	off_t offset, size;
	bool last, shut, room_wanted;
	/* of the request */
	int status, fields, hosts, minor;
	char *method, *target;
	size_t since_at;
	bool close, keep, coded, sized, body, known, none_match;
};

struct worker {
	pthread_t thread;
	int epoll, clients, most;
	struct client *first;
	bool rests;
	net_time rest_end;
};

static struct worker workers[THREADS];
static int listener, root, wake;
static bool verbose;
static int64_t idle_ms = 10000;
static atomic_bool stopping;

/* --- Clients of one worker --- */

static void gone(struct worker *w, struct client *c)
{
	if (c->before)
		c->before->after = c->after;
	else
		w->first = c->after;
	if (c->after)
		c->after->before = c->before;
	close(c->fd);
	if (c->file >= 0)
		close(c->file);
	free(c->method);
	free(c->target);
	free(c->in);
	free(c->answer);
	free(c);
	w->clients--;
}

static bool watched(struct worker *w, struct client *c, int op)
{
	struct epoll_event event = {c->answer ? EPOLLOUT : EPOLLIN, {.ptr = c}};

	return epoll_ctl(w->epoll, op, c->fd, &event) == 0;
}

/* --- Fields --- */

static char *copied(const char *text, size_t len)
{
	char *copy = strndup(text, len);

	if (!copy)
		cli_die("no memory");
	return copy;
}

static int first_line(struct client *c, const char *line, size_t len)
{
	const char *blank = memchr(line, ' ', len);
	const char *second =
		blank ? memchr(blank + 1, ' ', len - (size_t)(blank + 1 - line))
		      : NULL;

	if (!second || http_token(line, len) != (size_t)(blank - line) ||
	    blank == line || second == blank + 1)
		return 400;
	int version =
		http_version(second + 1, len - (size_t)(second + 1 - line));
	if (version < 0)
		return 400;
	if (version / 10 != 1)
		return 505;
	c->minor = version % 10;
	c->method = copied(line, (size_t)(blank - line));
	c->target = copied(blank + 1, (size_t)(second - blank - 1));
	return 0;
}

static int one_field(struct client *c, const char *line, size_t len)
{
	size_t name = http_token(line, len);
	const char *value = line + name + 1;

	if (name == 0 || name == len || line[name] != ':')
		return 400;
	if (++c->fields > FIELDS)
		return 431;
	len = http_trim(&value, len - name - 1);
	if (http_is(line, name, "host"))
		return http_is_authority(value, len) && ++c->hosts == 1 ? 0
									: 400;
	if (http_is(line, name, "content-length")) {
		int64_t n = http_number(value, len, 1 << 20);
		if (n < 0 || c->sized)
			return 400;
		c->sized = true;
		c->body |= n > 0;
		return n > 1 << 20 ? 413 : 0;
	}
	if (http_is(line, name, "transfer-encoding")) {
		if (c->coded || !http_is(value, len, "chunked"))
			return http_is(value, len, "gzip") ? 501 : 400;
		c->coded = true;
	}
	if (http_is(line, name, "connection")) {
		c->close |= http_has_member(value, len, "close");
		c->keep |= http_has_member(value, len, "keep-alive");
	}
	if (http_is(line, name, "if-modified-since"))
		c->since_at = (size_t)(value - c->in);
	if (http_is(line, name, "if-none-match"))
		c->none_match = true;
	return 0;
}

/* The empty line: 200, or what is missing. */
static int last_line(struct client *c)
{
	if (c->minor > 0 && c->hosts == 0)
		return 400;
	if (c->coded && (c->sized || c->minor == 0))
		return 400;
	return 200;
}

static int whole_line(struct client *c, size_t end)
{
	const char *line = c->in + c->line_at;
	size_t len = end - c->line_at;

	if (!c->method)
		return first_line(c, line, len);
	return len > 0 ? one_field(c, line, len) : last_line(c);
}

/* --- Byte by byte --- */

static int one_byte(struct client *c, size_t at)
{
	unsigned char byte = (unsigned char)c->in[at];

	switch (c->place) {
	case START:
		c->line_at = at;
		c->place = LINE_IN;
		/* fallthrough */
	case LINE_IN:
		if (byte == '\r')
			c->place = LF_WANTED;
		else if ((byte < ' ' && byte != '\t') || byte == 0x7f)
			return 400;
		return !c->method && at - c->line_at >= LINE ? 414 : 0;
	case LF_WANTED:
		if (byte != '\n')
			return 400;
		c->place = START;
		/* An empty line in front is none. */
		return at == c->line_at + 1 && !c->method
			       ? 0
			       : whole_line(c, at - 1);
	case DONE:
		break;
	}
	return 400;
}

/* Of what has come, as much as is one header; 0: more has to come. */
static int parse(struct client *c)
{
	int status = 0;

	while (status == 0 && c->seen < c->in_len)
		status = one_byte(c, c->seen++);
	if (status == 0 && c->seen >= HEADER)
		status = c->method ? 431 : 414;
	return status;
}

/* --- The answer --- */

static char *put_text(char *at, const char *name, const char *value)
{
	return stpcpy(stpcpy(stpcpy(stpcpy(at, name), ": "), value), "\r\n");
}

static char *put_size(char *at, off_t size)
{
	return at + sprintf(at, "Content-Length: %lld\r\n", (long long)size);
}

static char *put_start(struct client *c, char *at, int status)
{
	char date[HTTP_DATE_BYTES];

	http_date(date, time(NULL));
	at += sprintf(at, "HTTP/1.1 %d %s\r\n", status, http_reason(status));
	at = put_text(at, "Date", date);
	return put_text(at, "Connection", c->last ? "close" : "keep-alive");
}

static void log_answer(struct client *c, int status, off_t bytes)
{
	char text[HTTP_LOG_BYTES];
	const char *cr = c->in ? memchr(c->in, '\r', c->in_len) : NULL;
	size_t len = cr ? (size_t)(cr - c->in) : 0;
	struct http_exchange what = {c->in, len, status, bytes};

	if (verbose)
		cli_log("%s", http_log(text, &c->peer, time(NULL), &what));
}

static void answer_status(struct client *c, char *at, int status,
			  const char *more)
{
	bool head = c->method && strcmp(c->method, "HEAD") == 0;

	at = put_start(c, at, status);
	at = stpcpy(at, more);
	at = put_text(at, "Content-Type", "text/html; charset=utf-8");
	at = stpcpy(put_size(at, 9), "\r\n");
	if (!head)
		at = stpcpy(at, "<p>Sorry\n");
	log_answer(c, status, head ? 0 : 9);
	c->answer_len = (size_t)(at - c->answer);
}

static bool not_modified(struct client *c, time_t modified)
{
	const char *text = c->in + c->since_at;

	if (c->since_at == 0 || c->none_match)
		return false;
	size_t len = strcspn(text, "\r");
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	return http_parse_date(text, len, time(NULL)) >= modified;
}

static void answer_file(struct client *c, char *at, const char *path, int fd,
			const struct stat *st)
{
	char date[HTTP_DATE_BYTES];
	bool head = strcmp(c->method, "HEAD") == 0;
	bool same = not_modified(c, st->st_mtime);
	time_t now = time(NULL);

	http_date(date, st->st_mtime < now ? st->st_mtime : now);
	at = put_start(c, at, same ? 304 : 200);
	at = put_text(at, "Last-Modified", date);
	if (!same) {
		at = put_text(at, "Content-Type", http_type(path));
		at = put_size(at, st->st_size);
	}
	at = stpcpy(at, "\r\n");
	log_answer(c, same ? 304 : 200, same || head ? 0 : st->st_size);
	c->answer_len = (size_t)(at - c->answer);
	if (same || head || st->st_size == 0) {
		close(fd);
		return;
	}
	c->file = fd;
	c->offset = 0;
	c->size = st->st_size;
}

/* The name of the file; false if it cannot be one. */
static bool name_of(const char *target, char *path)
{
	char *to = path;

	*to = '\0';
	if (strncasecmp(target, "http://", 7) == 0)
		target += 7 + strcspn(target + 7, "/?");
	for (; *target && *target != '?'; target++) {
		int byte = (unsigned char)*target;
		if (byte == '%') {
			byte = http_unescape(target, strlen(target));
			target += 2;
		}
		if (byte <= 0)
			return false;
		if (to > path || byte != '/')
			*to++ = (char)byte;
	}
	if (to == path || to[-1] == '/')
		to = stpcpy(to, "index.html");
	*to = '\0';
	return true;
}

static void answer_target(struct client *c)
{
	char path[LINE + 20], place[3 * LINE + 100];
	struct stat st;
	int status = 404;

	if (!name_of(c->target, path)) {
		answer_status(c, c->answer, 400, "");
		return;
	}
	int fd = beneath_open(root, path, O_RDONLY | O_NONBLOCK);
	if (fd < 0 && (errno == EACCES || errno == EXDEV || errno == ELOOP))
		status = 403;
	if (fd < 0 && net_no_room(errno))
		status = 503;
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		answer_file(c, c->answer, path, fd, &st);
		return;
	}
	*place = '\0';
	if (fd >= 0 && S_ISDIR(st.st_mode)) {
		status = 301;
		stpcpy(http_escape(stpcpy(place, "Location: /"), path),
		       "/\r\n");
	}
	answer_status(c, c->answer, status, place);
	if (fd >= 0)
		close(fd);
}

static void answer(struct client *c, int status)
{
	c->answer = malloc(ANSWER);
	if (!c->answer)
		cli_die("no memory");
	c->answer_len = c->answer_at = 0;
	c->last = status != 200 || c->close || (c->minor == 0 && !c->keep) ||
		  c->body || c->coded || atomic_load(&stopping);
	bool target =
		status != 200 || (*c->target == '/' ||
				  strncasecmp(c->target, "http://", 7) == 0);
	if (!target)
		answer_status(c, c->answer, 400, "");
	else if (status != 200)
		answer_status(c, c->answer, status, "");
	else if (strcmp(c->method, "GET") == 0 ||
		 strcmp(c->method, "HEAD") == 0)
		answer_target(c);
	else if (http_is_method(c->method, strlen(c->method)))
		answer_status(c, c->answer, 405, "Allow: GET, HEAD\r\n");
	else
		answer_status(c, c->answer, 501, "");
}

/* What is behind this request is the next one. */
static void next_request(struct client *c)
{
	free(c->method);
	free(c->target);
	c->method = c->target = NULL;
	c->in_len -= c->seen;
	memmove(c->in, c->in + c->seen, c->in_len);
	c->seen = c->since_at = 0;
	c->fields = c->hosts = 0;
	c->close = c->keep = c->coded = c->sized = c->body = false;
	c->none_match = false;
	c->place = START;
	if (c->in_len == 0) {
		free(c->in);
		c->in = NULL;
	}
}

/* --- Going on: 1 for more, 0 to wait, -1 for the end --- */

static int write_some(struct client *c)
{
	bool header = c->answer_at < c->answer_len;
	ssize_t n;

	if (header)
		n = send(c->fd, c->answer + c->answer_at,
			 c->answer_len - c->answer_at,
			 MSG_NOSIGNAL | (c->file >= 0 ? MSG_MORE : 0));
	else
		n = sendfile(c->fd, c->file, &c->offset,
			     (size_t)(c->size - c->offset));
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (n == 0)
		return -1;
	c->deadline = net_deadline(idle_ms);
	c->answer_at += header ? (size_t)n : 0;
	if (c->answer_at < c->answer_len ||
	    (c->file >= 0 && c->offset < c->size))
		return 1;
	if (c->file >= 0)
		close(c->file);
	c->file = -1;
	free(c->answer);
	c->answer = NULL;
	if (!c->last) {
		next_request(c);
		return 1;
	}
	c->shut = true;
	shutdown(c->fd, SHUT_WR);
	return 0;
}

static int read_some(struct client *c, bool *readable)
{
	char rest[4096];

	if (!*readable)
		return 0;
	*readable = false;
	bool idle = c->in_len == 0;
	if (!c->in)
		c->in = malloc(HEADER);
	if (!c->in)
		return -1;
	ssize_t n =
		c->shut ? recv(c->fd, rest, sizeof rest, 0)
			: recv(c->fd, c->in + c->in_len, HEADER - c->in_len, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (n == 0)
		return -1;
	if (c->shut)
		return 0;
	c->in_len += (size_t)n;
	if (idle)
		c->deadline = net_deadline(idle_ms);
	return 1;
}

static int step(struct client *c, bool *readable)
{
	if (c->answer)
		return write_some(c);
	if (c->shut)
		return read_some(c, readable);
	int status = c->in_len > c->seen ? parse(c) : 0;
	if (status == 0)
		return read_some(c, readable);
	answer(c, status);
	return 1;
}

static void go_on(struct worker *w, struct client *c, bool readable)
{
	bool wrote = c->room_wanted;
	int more;

	do
		more = step(c, &readable);
	while (more > 0);
	if (c->in_len == 0 && !c->answer && c->in) {
		free(c->in);
		c->in = NULL;
	}
	c->room_wanted = c->answer != NULL;
	if (more < 0 ||
	    (wrote != c->room_wanted && !watched(w, c, EPOLL_CTL_MOD)))
		gone(w, c);
}

static void late(struct worker *w, struct client *c)
{
	if (c->in_len == 0 || c->answer || c->shut) {
		gone(w, c);
		return;
	}
	c->deadline = net_deadline(idle_ms);
	c->seen = c->in_len;
	answer(c, 408);
	go_on(w, c, false);
}

static bool take_one(struct worker *w)
{
	struct net_endpoint peer;
	int fd = w->clients < w->most ? net_accept_nonblocking(listener, &peer)
				      : (errno = EMFILE, -1);

	if (fd < 0 && errno != EAGAIN) {
		w->rests = true;
		w->rest_end = net_deadline(TICK_MS);
		epoll_ctl(w->epoll, EPOLL_CTL_DEL, listener, NULL);
	}
	if (fd < 0)
		return false;
	struct client *c = calloc(1, sizeof *c);
	if (!c)
		exit(CLI_FAILED);
	*c = (struct client){.after = w->first,
			     .fd = fd,
			     .file = -1,
			     .peer = peer,
			     .deadline = net_deadline(idle_ms)};
	if (w->first)
		w->first->before = c;
	w->first = c;
	w->clients++;
	if (!watched(w, c, EPOLL_CTL_ADD))
		gone(w, c);
	return true;
}

static void look_after_all(struct worker *w)
{
	net_time now = net_now();

	for (struct client *c = w->first, *after; c; c = after) {
		after = c->after;
		bool idle = c->in_len == 0 && !c->answer;
		if (atomic_load(&stopping) && idle)
			gone(w, c);
		else if (c->deadline <= now)
			late(w, c);
	}
}

static void listen_too(struct worker *w)
{
	struct epoll_event event = {.events = EPOLLIN};

	w->rests = false;
	epoll_ctl(w->epoll, EPOLL_CTL_ADD, listener, &event);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct epoll_event events[32];
	struct epoll_event woken = {EPOLLIN, {.ptr = w}};
	net_time next = 0;

	epoll_ctl(w->epoll, EPOLL_CTL_ADD, wake, &woken);
	listen_too(w);
	while (!atomic_load(&stopping) || w->first) {
		int n = epoll_wait(w->epoll, events, 32, TICK_MS);
		for (int i = 0; i < n; i++)
			if (!events[i].data.ptr)
				take_one(w);
			else if (events[i].data.ptr == w)
				epoll_ctl(w->epoll, EPOLL_CTL_DEL, wake, NULL);
			else
				go_on(w, events[i].data.ptr,
				      events[i].events & ~EPOLLOUT);
		bool end = atomic_load(&stopping);
		if (net_now() >= next || end)
			look_after_all(w);
		next = net_now() >= next ? net_deadline(TICK_MS / 2) : next;
		if (w->rests && net_now() >= w->rest_end && !end)
			listen_too(w);
	}
	close(w->epoll);
	return NULL;
}

int main(int argc, char **argv)
{
	const char *addr = NULL;
	uint16_t port = 8080;
	int opt, on = 1;

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
	listener = net_listen(addr, port);
	if (listener < 0)
		cli_die_errno("port %u", port);
	setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int most = net_raise_descriptor_limit() - 16;
	for (int i = 0; i < THREADS; i++) {
		workers[i].most = most / THREADS > 3 ? most / THREADS : 2;
		workers[i].epoll = epoll_create1(EPOLL_CLOEXEC);
	}
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&workers[i].thread, NULL, work,
				   &workers[i]) != 0)
			cli_die("no thread");
	while (cli_wait(root, 0))
		;
	close(listener);
	atomic_store(&stopping, true);
	(void)eventfd_write(wake, 1);
	for (int i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	close(wake);
	close(root);
	return CLI_OK;
}
