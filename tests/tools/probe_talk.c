/*
 * probe_talk.c - sending, receiving, and comparing what comes
 *
 * Nothing waits but for the peer, and never beyond the step's deadline.
 *
 * Next: probe_fail.c, what is said of a difference.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probe.h"

enum {
	QUIET_MS = 200,
	ODD_BYTES = 9973,
	LINE_BYTES = 4096,
	FILL_MAX_BYTES = 256 * 1024 * 1024,
};

/* --- What a step sends, what it wants --- */

struct stream to_send(struct probe *probe, struct conn *conn,
		      const struct step *step)
{
	struct stream out = {0};
	struct data data = step->data;

	if (data.kind == DATA_RANDOM) {
		data.seed = seed_of(probe->seed, conn->name);
		data.start = conn->random_sent;
		conn->random_sent += data.len;
	}
	conn->sent_last = conn->sent.len;
	stream_add(&conn->sent, &data);
	stream_add(&out, &data);
	conn->first_piece = 0;
	return out;
}

/* So many bytes have come back that are as they should be. */
static void came_back(struct conn *conn, uint64_t n)
{
	conn->echoed += n;
	if (conn->echoed > conn->sent.len)
		conn->echoed = conn->sent.len;
}

static size_t at_most(uint64_t n, size_t most)
{
	return n < most ? (size_t)n : most;
}

/* --- Sending --- */

ssize_t send_now(struct conn *conn, const void *buf, size_t n)
{
	ssize_t sent;

	do {
		sent = send(conn->fd, buf, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0 && errno == EAGAIN)
		return 0;
	if (sent > 0 && conn->first_piece == 0)
		conn->first_piece = (size_t)sent;
	return sent;
}

/*
 * Send all of OUT in pieces of at most PIECE bytes, PAUSE_MS apart, or fail. A
 * connection that has been reset ends a pause.
 */
static void send_all(struct probe *probe, struct conn *conn,
		     const struct stream *out, size_t piece, int64_t pause_ms)
{
	static unsigned char buf[CHUNK_BYTES];
	uint64_t done = 0;

	while (done < out->len) {
		size_t n = at_most(out->len - done, piece);
		stream_get(out, done, buf, n);
		ssize_t sent = send_now(conn, buf, n);
		if (sent < 0)
			fail_event(probe, conn, "the peer to take the bytes",
				   done, errno);
		done += (uint64_t)sent;
		if (sent == 0 &&
		    net_wait(conn->fd, POLLOUT, probe->deadline) < 0)
			fail_event(probe, conn, "the peer to take the bytes",
				   done, errno);
		if (pause_ms > 0)
			(void)net_wait(conn->fd, 0, net_deadline(pause_ms));
	}
}

static void send_step(struct probe *probe, const struct step *step,
		      size_t piece)
{
	struct conn *conn = connection(probe, step->name);
	struct stream out = to_send(probe, conn, step);

	send_all(probe, conn, &out, piece, step->ms);
	stream_clear(&out);
}

void do_send(struct probe *probe, const struct step *step)
{
	send_step(probe, step, CHUNK_BYTES);
}

void do_dribble(struct probe *probe, const struct step *step)
{
	struct conn *conn = connection(probe, step->name);
	const int on = 1;

	if (setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
		broken("TCP_NODELAY");
	send_step(probe, step, 1);
}

void do_fill(struct probe *probe, const struct step *step)
{
	static unsigned char buf[CHUNK_BYTES];
	struct conn *conn = connection(probe, step->name);
	struct step random = *step;
	int64_t quiet_ms = step->ms < 0 ? QUIET_MS : step->ms;
	uint64_t done = 0;
	ssize_t sent;

	random.data = (struct data){.kind = DATA_RANDOM, .len = FILL_MAX_BYTES};
	struct stream out = to_send(probe, conn, &random);
	do {
		if (done == FILL_MAX_BYTES)
			fail_as(probe, conn, "never-full", "full buffers",
				"The peer takes all, though nobody reads "
				"what it sends.");
		if (net_deadline(0) >= probe->deadline)
			fail_event(probe, conn, "full buffers", done,
				   ETIMEDOUT);
		size_t n = at_most(FILL_MAX_BYTES - done, sizeof buf);
		stream_get(&out, done, buf, n);
		sent = send_now(conn, buf, n);
		if (sent < 0)
			fail_event(probe, conn, "full buffers", done, errno);
		done += (uint64_t)sent;
	} while (sent > 0 ||
		 net_wait(conn->fd, POLLOUT, net_deadline(quiet_ms)) == 0);
	stream_clear(&out);
	/* Only what was taken has been sent. */
	struct data *last = &conn->sent.part[conn->sent.count - 1];
	conn->sent.len -= last->len - done;
	conn->random_sent -= last->len - done;
	last->len = done;
}

/* --- Comparing --- */

/* Compare N bytes at BUF with what is wanted at OFFSET. */
static void compare(struct probe *probe, const struct conn *conn,
		    const struct compared *compared, uint64_t offset,
		    const unsigned char *buf, size_t n)
{
	static unsigned char wanted[CHUNK_BYTES];

	stream_get(compared->want, compared->from + offset, wanted, n);
	if (memcmp(buf, wanted, n) == 0)
		return;
	size_t same = 0;
	while (buf[same] == wanted[same])
		same++;
	fail_different(probe, conn, compared, offset + same, buf + same,
		       n - same);
}

/* Receive LEN bytes of WANT from FROM on; WANT empty: whatever they are. */
static void receive(struct probe *probe, struct conn *conn,
		    const struct compared *compared)
{
	static unsigned char buf[CHUNK_BYTES];
	uint64_t got = 0;

	while (got < compared->len) {
		size_t n = at_most(compared->len - got, sizeof buf);
		ssize_t came = net_read(conn->fd, buf, n, probe->deadline);

		if (came <= 0)
			fail_short(probe, conn, compared, got,
				   came < 0 ? errno : 0);
		if (compared->want->len > 0)
			compare(probe, conn, compared, got, buf, (size_t)came);
		got += (uint64_t)came;
	}
	came_back(conn, got);
}

void do_expect(struct probe *probe, const struct step *step)
{
	struct conn *conn = connection(probe, step->name);
	struct data data = step->data;
	struct stream want = {0};
	struct compared compared = {&want, 0, data.len};

	if (data.kind == DATA_ECHO) {
		compared.want = &conn->sent;
		compared.from = conn->echoed;
		compared.len = conn->sent.len - conn->echoed;
	} else if (data.kind == DATA_RANDOM) {
		data.seed = seed_of(probe->seed, conn->name);
		data.start = conn->random_wanted;
		conn->random_wanted += data.len;
	}
	if (data.kind == DATA_RANDOM || data.kind == DATA_BYTES)
		stream_add(&want, &data);
	receive(probe, conn, &compared);
	stream_clear(&want);
}

/* --- Both ways at once --- */

/* One conversation: how far each direction has come. */
struct pump {
	struct compared compared;
	uint64_t sent;
	uint64_t got;
	size_t piece; /* the largest */
	bool odd;     /* pieces of odd sizes, else always the largest */
	uint64_t draws;
	int send_err; /* why nothing can be sent any more */
};

static size_t piece_size(struct probe *probe, struct pump *pump)
{
	if (!pump->odd)
		return pump->piece;
	return (size_t)(splitmix64(probe->seed, pump->draws++) % pump->piece) |
	       1;
}

static void pump_out(struct probe *probe, struct conn *conn, struct pump *pump)
{
	static unsigned char buf[CHUNK_BYTES];
	size_t n = at_most(pump->compared.len - pump->sent,
			   piece_size(probe, pump));

	stream_get(pump->compared.want, pump->sent, buf, n);
	ssize_t sent = send_now(conn, buf, n);
	if (sent < 0)
		pump->send_err = errno; /* what came before is still read */
	else
		pump->sent += (uint64_t)sent;
}

static void pump_in(struct probe *probe, struct conn *conn, struct pump *pump)
{
	static unsigned char buf[CHUNK_BYTES];
	size_t n = at_most(pump->compared.len - pump->got,
			   piece_size(probe, pump));
	ssize_t came = recv(conn->fd, buf, n, MSG_DONTWAIT);
	int err = errno;

	if (came < 0 && (err == EAGAIN || err == EINTR))
		return;
	if (came == 0)
		err = pump->send_err;
	if (came <= 0)
		fail_short(probe, conn, &pump->compared, pump->got, err);
	compare(probe, conn, &pump->compared, pump->got, buf, (size_t)came);
	pump->got += (uint64_t)came;
}

static void pump_step(struct probe *probe, const struct step *step,
		      size_t piece, bool odd)
{
	struct conn *conn = connection(probe, step->name);
	struct stream out = to_send(probe, conn, step);
	struct pump pump = {{&out, 0, out.len}, .piece = piece, .odd = odd};

	while (pump.got < out.len) {
		bool more = pump.sent < out.len && pump.send_err == 0;
		short events = more ? POLLIN | POLLOUT : POLLIN;
		struct pollfd pfd = {conn->fd, events, 0};
		int n = poll(&pfd, 1, net_ms_left(probe->deadline));

		if (n < 0 && errno != EINTR)
			broken("poll");
		if (n == 0)
			fail_short(probe, conn, &pump.compared, pump.got,
				   ETIMEDOUT);
		if (n > 0 && (pfd.revents & POLLOUT) && more)
			pump_out(probe, conn, &pump);
		if (n > 0 && (pfd.revents & ~POLLOUT))
			pump_in(probe, conn, &pump);
	}
	came_back(conn, out.len);
	stream_clear(&out);
}

void do_exchange(struct probe *probe, const struct step *step)
{
	pump_step(probe, step, CHUNK_BYTES, false);
}

void do_pump(struct probe *probe, const struct step *step)
{
	pump_step(probe, step, step->size > 0 ? step->size : ODD_BYTES, true);
}

/* --- Lines, ends and silence --- */

/* One line into LINE, its LF included; how many bytes, less for an end. */
static size_t read_line(struct probe *probe, struct conn *conn,
			unsigned char *line, int *err)
{
	size_t got = 0;

	*err = 0;
	while (got < LINE_BYTES && (got == 0 || line[got - 1] != '\n')) {
		ssize_t n = net_read(conn->fd, line + got, 1, probe->deadline);
		if (n < 0)
			*err = errno;
		if (n <= 0)
			break;
		got++;
	}
	return got;
}

void do_expect_line(struct probe *probe, const struct step *step)
{
	static const unsigned char lf[] = "\n";
	static unsigned char line[LINE_BYTES];
	struct conn *conn = connection(probe, step->name);
	struct stream want = {0};
	int err;
	size_t got = read_line(probe, conn, line, &err);
	bool whole = got > 0 && line[got - 1] == '\n';

	stream_add(&want, &step->data);
	stream_add(&want, &(struct data){.bytes = lf, .len = 1});
	struct compared compared = {&want, 0, want.len};
	bool any = step->data.bytes == NULL;
	if (!any)
		compare(probe, conn, &compared, 0, line,
			at_most(want.len, got));
	if (!whole && got == LINE_BYTES)
		fail_as(probe, conn, "mismatch", "a line",
			"The line does not end.");
	if (!whole && any)
		fail_event(probe, conn, "a line", got, err);
	if (!whole)
		fail_short(probe, conn, &compared, got, err);
	came_back(conn, got);
	stream_clear(&want);
}

/* How CONN ends: 0 for EOF, else an errno value; data is a failure. */
static int end_of(struct probe *probe, struct conn *conn, const char *wanted,
		  net_time deadline)
{
	unsigned char buf[256];
	ssize_t n = net_read(conn->fd, buf, sizeof buf, deadline);

	if (n > 0)
		fail_extra(probe, conn, wanted, buf, (size_t)n);
	return n < 0 ? errno : 0;
}

void do_expect_eof(struct probe *probe, const struct step *step)
{
	struct conn *conn = connection(probe, step->name);
	int err = end_of(probe, conn, "eof", probe->deadline);

	if (err != 0)
		fail_event(probe, conn, "eof", 0, err);
}

void do_expect_reset(struct probe *probe, const struct step *step)
{
	struct conn *conn = connection(probe, step->name);
	int err = end_of(probe, conn, "reset", probe->deadline);

	if (err == 0)
		fail_as(probe, conn, "eof-early", "reset",
			"The peer ended the connection in order, with FIN.");
	if (err != ECONNRESET)
		fail_event(probe, conn, "reset", 0, err);
}

void do_expect_silence(struct probe *probe, const struct step *step)
{
	struct conn *conn = connection(probe, step->name);
	int err = end_of(probe, conn, "silence", net_deadline(step->ms));

	if (err == 0)
		fail_as(probe, conn, "eof-early", "silence",
			"The peer ended the connection, which was to stay.");
	if (err != ETIMEDOUT)
		fail_event(probe, conn, "silence", 0, err);
}
