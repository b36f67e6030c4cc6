/*
 * http_test.c - unit tests of common/http.c, common/beneath.c, and of the
 * parser of lab 05's model answer
 *
 * Usage: http_test [TEST]
 *
 * A request that is parsed is parsed three times: all at once, byte by byte,
 * and in pieces of random sizes. The three must agree.
 *
 * Next: httpd/fuzz.c, which has the same done with requests that nobody thought
 * of; httpd.bats, where the server is asked.
 */
#include "beneath.h"
#include "check.h"
#include "http.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "httpd/agree.h"

/* --- Dates --- */

enum { NOW = 1795690800 }; /* Thu, 26 Nov 2026 11:00:00 GMT */

static time_t date(const char *text)
{
	return http_parse_date(text, strlen(text), NOW);
}

static void dates_in_three_forms(void)
{
	const time_t example = 784111777; /* that of RFC 9110 */

	CHECK(date("Sun, 06 Nov 1994 08:49:37 GMT") == example);
	CHECK(date("Sunday, 06-Nov-94 08:49:37 GMT") == example);
	CHECK(date("Sun Nov  6 08:49:37 1994") == example);
	CHECK(date("Thu, 26 Nov 2026 11:00:00 GMT") == NOW);
	CHECK(date("Tuesday, 26-Nov-75 11:00:00 GMT") > NOW);
	CHECK(date("Saturday, 26-Nov-77 11:00:00 GMT") < NOW);
	CHECK(date("Thu, 01 Jan 1970 00:00:00 GMT") == 0);
	CHECK(date("Thu, 29 Feb 2024 23:59:59 GMT") > 0);
}

static void what_is_no_date(void)
{
	static const char *const none[] = {
		"",
		"yesterday",
		"784111777",
		"Mon, 06 Nov 1994 08:49:37 GMT", /* it was a Sunday */
		"Thu, 31 Feb 2026 11:00:00 GMT",
		"Wed, 29 Feb 2023 11:00:00 GMT",
		"Sun, 06 Nov 1994 24:00:00 GMT",
		"Sun, 06 Nov 1994 08:60:00 GMT",
		"Sun, 06 Nov 1994 08:49:37",
		"Sun, 06 Nov 1994 08:49:37 CET",
		"Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 08:49:37 GMT x",
		"Wed, 31 Dec 1969 23:59:59 GMT",
		"Sun, 06-Nov-1994 08:49:37 GMT",
	};

	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		if (date(none[i]) != -1)
			printf("a date: %s\n", none[i]);
		CHECK(date(none[i]) == -1);
	}
	CHECK(http_parse_date("Sun, 06 Nov 1994 08:49:37 GMT\0", 30, NOW) ==
	      -1);
}

static void dates_are_written(void)
{
	char text[HTTP_DATE_BYTES];

	http_date(text, 784111777);
	CHECK(strcmp(text, "Sun, 06 Nov 1994 08:49:37 GMT") == 0);
	http_date(text, 253402300799);
	CHECK(strcmp(text, "Fri, 31 Dec 9999 23:59:59 GMT") == 0);
	http_date(text, INT64_MAX);
	CHECK(strcmp(text, "Thu, 01 Jan 1970 00:00:00 GMT") == 0);
}

/* --- Grammar --- */

static bool authority(const char *text)
{
	return http_is_authority(text, strlen(text));
}

static void authorities(void)
{
	CHECK(authority("example.org") && authority("example.org:80"));
	CHECK(authority("192.0.2.1:8080") && authority("[2001:db8::1]:80"));
	CHECK(authority("") && authority("a:") && authority("a%41-_~"));
	CHECK(!authority("a b") && !authority("a/b") && !authority("u@a"));
	CHECK(!authority("a:80x") && !authority("a:80:81"));
	CHECK(!authority("[::1") && !authority("[::1]80") && !authority("]"));
	CHECK(!authority("a?b") && !authority("a#b") && !authority("a\\b"));
	CHECK(!authority("a%4") && !authority("a%zz") && !authority(":80"));
	CHECK(!authority("[]") && !authority("[a::b::c]") && !authority("["));
	CHECK(!authority("[192.0.2.1]") && authority("[::ffff:192.0.2.1]"));
}

static bool member(const char *list, const char *word)
{
	return http_has_member(list, strlen(list), word);
}

static void lists(void)
{
	CHECK(member("close", "close") && member("CLOSE", "close"));
	CHECK(member("a, close", "close") && member(" ,,\tclose ,b", "close"));
	CHECK(!member("", "close") && !member("closed", "close"));
	CHECK(!member("not close", "close") && !member(",", ""));
}

static void numbers(void)
{
	char text[64];

	CHECK(http_number("0", 1, 9) == 0 && http_number("009", 3, 9) == 9);
	CHECK(http_number("10", 2, 9) == 10 && http_number("999", 3, 9) == 10);
	CHECK(http_number("", 0, 9) == -1 && http_number("-1", 2, 9) == -1);
	CHECK(http_number("1 ", 2, 9) == -1 && http_number("+1", 2, 9) == -1);
	CHECK(http_put_number(text, 0) == text + 1 && strcmp(text, "0") == 0);
	CHECK(http_put_number(text, UINTMAX_MAX) == text + 20 &&
	      strcmp(text, "18446744073709551615") == 0);
	CHECK(http_put_field(text, "A", "b") == text + 6 &&
	      strcmp(text, "A: b\r\n") == 0);
	CHECK(http_version("HTTP/1.1", 8) == 11);
	CHECK(http_version("HTTP/0.9", 8) == 9);
	CHECK(http_version("HTTP/1.1", 7) == -1);
}

static void escapes(void)
{
	char text[64], *end = http_escape(text, "a b/%\r\n\xc3\xa4\\//x?#");

	CHECK(http_unescape("%41", 3) == 'A' && http_unescape("%fF", 3) == 255);
	CHECK(http_unescape("%00", 3) == 0 && http_unescape("%2F/", 4) == '/');
	CHECK(http_unescape("%4", 2) == -1 && http_unescape("%", 1) == -1);
	CHECK(http_unescape("%4g", 3) == -1 && http_unescape("%g4", 3) == -1);
	CHECK(http_unescape("%+4", 3) == -1 && http_unescape("", 0) == -1);
	*end = '\0';
	CHECK(strcmp(text, "a%20b/%25%0D%0A%C3%A4%5C//x%3F%23") == 0);
}

static void names(void)
{
	CHECK(http_is_method("PATCH", 5) && http_is_method("GET", 3));
	CHECK(!http_is_method("get", 3) && !http_is_method("GETS", 4));
	CHECK(!http_is_method("", 0) && !http_is_method("GE", 2));
	CHECK(strcmp(http_type("a/b.HTML"), "text/html; charset=utf-8") == 0);
	CHECK(strcmp(http_type("a.css/b"), "application/octet-stream") == 0);
	CHECK(strcmp(http_type("css"), "application/octet-stream") == 0);
	CHECK(strcmp(http_type("a.tar.gz"), "application/gzip") == 0);
	CHECK(strcmp(http_reason(404), "Not Found") == 0);
	CHECK(strcmp(http_reason(299), "Unknown") == 0);
}

/* --- The log --- */

static const char *logged(const char *from, const char *request, size_t len)
{
	static char line[HTTP_LOG_BYTES];
	struct net_endpoint peer;

	CHECK(net_endpoint_parse(&peer, from) == 0);
	setenv("TZ", "UTC0", 1);
	struct http_exchange what = {request, len, 200, 5};
	return http_log(line, &peer, NOW, &what);
}

static void log_lines(void)
{
	char junk[2000];

	CHECK(strcmp(logged("192.0.2.1:5", "GET / HTTP/1.1", 14),
		     "192.0.2.1 - - [26/Nov/2026:11:00:00 +0000] "
		     "\"GET / HTTP/1.1\" 200 5") == 0);
	CHECK(strcmp(logged("[2001:db8::1]:5", NULL, 0),
		     "2001:db8::1 - - [26/Nov/2026:11:00:00 +0000] "
		     "\"-\" 200 5") == 0);
	CHECK(strncmp(logged("[::ffff:192.0.2.1]:5", "", 0), "192.0.2.1 - ",
		      12) == 0);
	CHECK(strstr(logged("192.0.2.1:5", "a\"\\\x1b\xff", 5),
		     "\"a\\x22\\x5c\\x1b\\xff\""));
	for (size_t len = 0; len < sizeof junk; len++) {
		junk[len] = (char)(len % 7 ? 'a' : '\x80');
		CHECK(strlen(logged("[2001:db8:1:2:3:4:5:6]:5", junk, len)) <
		      HTTP_LOG_BYTES);
	}
	CHECK(strstr(logged("192.0.2.1:5", junk, sizeof junk), "...\" 200 5"));
}

/* --- Files below a directory --- */

static char root_name[] = "/tmp/http_test.XXXXXX";

static void remove_tree(void)
{
	static const char *const names[] = {
		"in/a", "in/out", "in/up", "in/self", "in/abs", "in", "secret",
	};

	CHECK(chdir(root_name) == 0);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		remove(names[i]);
	CHECK(chdir("/") == 0 && rmdir(root_name) == 0);
}

/* root/secret, root/in/a, and links in root/in. A descriptor of root/in. */
static int make_tree(void)
{
	CHECK(mkdtemp(root_name) && chdir(root_name) == 0);
	close(open("secret", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	CHECK(mkdir("in", 0700) == 0);
	close(open("in/a", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	CHECK(symlink("../secret", "in/out") == 0);
	CHECK(symlink("..", "in/up") == 0 && symlink("a", "in/self") == 0);
	CHECK(symlink(root_name, "in/abs") == 0);
	atexit(remove_tree);
	return open("in", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool opens(int root, const char *path)
{
	int fd = beneath_open(root, path, O_RDONLY);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void nothing_outside(void)
{
	int root = make_tree();

	CHECK(opens(root, "a") && opens(root, ".") && opens(root, "./a"));
	CHECK_ERRNO(beneath_open(root, "..", O_RDONLY), EXDEV);
	CHECK_ERRNO(beneath_open(root, "../secret", O_RDONLY), EXDEV);
	CHECK_ERRNO(beneath_open(root, "./../in/a", O_RDONLY), EXDEV);
	CHECK_ERRNO(beneath_open(root, "/etc/passwd", O_RDONLY), EXDEV);
	CHECK_ERRNO(beneath_open(root, "b", O_RDONLY), ENOENT);
	CHECK_ERRNO(beneath_open(root, "", O_RDONLY), ENOENT);
	CHECK_ERRNO(beneath_open(root, "a/", O_RDONLY), ENOTDIR);
	CHECK_ERRNO(beneath_open(root, "a/b", O_RDONLY), ENOTDIR);
	CHECK(!opens(root, "out") && !opens(root, "up/secret"));
	CHECK(!opens(root, "up/in/a") && !opens(root, "abs/secret"));
	close(root);
}

static void close_on_exec(void)
{
	int root = make_tree();
	int fd = beneath_open(root, "a", O_RDONLY);

	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	close(fd);
	close(root);
}

/* --- The parser --- */

#define HOST	    "Host: a\r\n"
#define GET(fields) "GET / HTTP/1.1\r\n" HOST fields "\r\n"

struct parse_case {
	int status;
	const char *text;
};

static void parses(const struct parse_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct verdict v = agree(cases[i].text, strlen(cases[i].text));

		if (!v.agreed || v.status != cases[i].status)
			printf("%s: %d, not %d:\n%s\n",
			       v.agreed ? "always" : "not always", v.status,
			       cases[i].status, cases[i].text);
		CHECK(v.agreed && v.status == cases[i].status);
	}
}

#define PARSES(cases) parses(cases, sizeof(cases) / sizeof *(cases))

static void request_lines(void)
{
	static const struct parse_case cases[] = {
		{0, ""},
		{0, "GET / HTTP/1.1"},
		{0, "GET / HTTP/1.1\r\n"},
		{0, "GET / HTTP/1.1\r\n" HOST},
		{200, "GET / HTTP/1.1\r\n" HOST "\r\n"},
		{200, "GET / HTTP/1.1\r\n" HOST "\r\nmore"},
		{200, "GET / HTTP/1.7\r\n" HOST "\r\n"},
		{200, "GET / HTTP/1.0\r\n\r\n"},
		{200, "M-SEARCH / HTTP/1.0\r\n\r\n"},
		{200, "OPTIONS * HTTP/1.1\r\n" HOST "\r\n"},
		{200, "GET http://a HTTP/1.1\r\n" HOST "\r\n"},
		{200, "GET HTTP://a:80/b?c HTTP/1.1\r\n" HOST "\r\n"},
		{200, "GET http://[::1]?c HTTP/1.1\r\n" HOST "\r\n"},
		{400, "\r\n"},
		{400, "\n"},
		{400, " GET / HTTP/1.0\r\n"},
		{400, "GET\r\n"},
		{400, "GET /\r\n"},
		{400, "GET / \r\n"},
		{400, "GET  HTTP/1.1\r\n"},
		{400, "GET  / HTTP/1.1\r\n"},
		{400, "GET /  HTTP/1.1\r\n"},
		{400, "GET / HTTP/1.1 \r\n"},
		{400, "GET\t/ HTTP/1.1\r\n"},
		{400, "GET /a\tb HTTP/1.1\r\n"},
		{400, "GET /a\x7f HTTP/1.1\r\n"},
		{200, "GET /\xc3\xa4 HTTP/1.0\r\n\r\n"},
		{400, "GET /a b HTTP/1.1\r\n"},
		{400, "G(T / HTTP/1.1\r\n"},
		{400, "GET / HTTP/1.1\n"},
		{400, "GET / HTTP/1.1\r\r\n"},
		{400, "GET / HTTP/11\r\n"},
		{400, "GET / HTTP/1.10\r\n"},
		{400, "GET / http/1.1\r\n"},
		{400, "GET / HTTP/1,1\r\n"},
		{400, "GET / HTTP/a.b\r\n"},
		{400, "GET a HTTP/1.1\r\n"},
		{400, "GET * HTTP/1.1\r\n"},
		{400, "GET /#a HTTP/1.1\r\n"},
		{400, "GET http:// HTTP/1.1\r\n"},
		{400, "GET http:///a HTTP/1.1\r\n"},
		{400, "GET http://u@a/ HTTP/1.1\r\n"},
		{400, "GET https://a/ HTTP/1.1\r\n"},
		{400, "GET http:/a HTTP/1.1\r\n"},
		{505, "GET / HTTP/2.0\r\n"},
		{505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
		{505, "GET / HTTP/0.9\r\n"},
	};

	PARSES(cases);
}

static void field_lines(void)
{
	static const struct parse_case cases[] = {
		{200, GET("A:\r\nB:  c \t\r\nC: \x80\xff\r\n")},
		{200, GET("host-: b\r\n")},
		{200, "GET / HTTP/1.1\r\nhOST:a\r\n\r\n"},
		{200, "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\n\r\n"},
		{400, GET(HOST)},
		{400, "GET / HTTP/1.0\r\n" HOST HOST "\r\n"},
		{400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\nHost: a,b\\\r\n\r\n"},
		{400, GET("A : b\r\n")},
		{400, GET(" A: b\r\n")},
		{400, GET("A: b\r\n c\r\n")},
		{400, GET("\tA: b\r\n")},
		{400, GET(": b\r\n")},
		{400, GET("A\r\n")},
		{400, GET("A\xff: b\r\n")},
		{400, GET("A: b\nC: d\r\n")},
		{400, GET("A: b\rC: d\r\n")},
		{400, GET("A: \x01\r\n")},
		{400, GET("A: \x7f\r\n")},
		{400, "GET / HTTP/1.1\r\n" HOST "\n"},
		{400, "GET / HTTP/1.1\r\n" HOST "\r\r\n"},
	};
	static const char nul[] = GET("A: b\0c\r\n");

	PARSES(cases);
	CHECK(agree(nul, sizeof nul - 1).status == 400);
}

static void body_lengths(void)
{
	static const struct parse_case cases[] = {
		{200, GET("Content-Length: 0\r\n")},
		{200, GET("Content-Length: 0000000000000000000000065536\r\n")},
		{413, GET("Content-Length: 65537\r\n")},
		{413, GET("Content-Length: 18446744073709551616\r\n")},
		{413, GET("Content-Length: 99999999999999999999999999999\r\n")},
		{400, GET("Content-Length:\r\n")},
		{400, GET("Content-Length: -1\r\n")},
		{400, GET("Content-Length: +1\r\n")},
		{400, GET("Content-Length: 1 1\r\n")},
		{400, GET("Content-Length: 1,1\r\n")},
		{400, GET("Content-Length: 0x1\r\n")},
		{400, GET("Content-Length: 1x\r\n")},
		{400, GET("Content-Length: 1\r\nContent-Length: 2\r\n")},
		{400, GET("Content-Length: 1\r\nContent-Length: 1\r\n")},
		{200, GET("Transfer-Encoding: chunked\r\n")},
		{200, GET("Transfer-Encoding: CHUNKED\r\n")},
		{200, GET("Transfer-Encoding: ,chunked,\r\n")},
		{501, GET("Transfer-Encoding: gzip, chunked\r\n")},
		{501, GET("Transfer-Encoding: gzip\r\nTransfer-Encoding: "
			  "chunked\r\n")},
		{400, GET("Transfer-Encoding:\r\n")},
		{400, GET("Transfer-Encoding: gzip\r\n")},
		{400, GET("Transfer-Encoding: xchunked\r\n")},
		{400, GET("Transfer-Encoding: chunked;q=1\r\n")},
		{400, GET("Transfer-Encoding: chunked, gzip\r\n")},
		{400, GET("Transfer-Encoding: chunked, chunked\r\n")},
		{400, GET("Transfer-Encoding: chunked\r\nTransfer-Encoding: "
			  "chunked\r\n")},
		{400,
		 GET("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n")},
		{400,
		 GET("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n")},
		{400, "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
	};

	PARSES(cases);
}

/* --- Limits --- */

/* A request with BEFORE, COUNT times MIDDLE, and BEHIND. */
static int repeated(const char *before, const char *middle, size_t count,
		    const char *behind)
{
	size_t len = strlen(before) + count * strlen(middle) + strlen(behind);
	char *text = malloc(len + 1), *at = stpcpy(text, before);

	for (size_t i = 0; i < count; i++)
		at = stpcpy(at, middle);
	stpcpy(at, behind);
	struct verdict v = agree(text, len);
	free(text);
	CHECK(v.agreed);
	return v.status;
}

static void limits(void)
{
	const size_t around = strlen("GET / HTTP/1.0\r\n");
	const size_t line = REQUEST_LINE_BYTES - around;
	const size_t head = HEAD_BYTES - around - strlen("A: \r\n\r\n");

	CHECK(repeated("GET /", "a", line, " HTTP/1.0\r\n\r\n") == 200);
	CHECK(repeated("GET /", "a", line + 1, " HTTP/1.0\r\n\r\n") == 414);
	CHECK(repeated("", "a", REQUEST_LINE_BYTES - 1, "") == 0);
	CHECK(repeated("", "a", REQUEST_LINE_BYTES, "") == 414);
	CHECK(repeated("GET /", "a", 100000, " HTTP/1.0\r\n\r\n") == 414);
	CHECK(repeated("GET / HTTP/1.0\r\nA: ", "b", head, "\r\n\r\n") == 200);
	CHECK(repeated("GET / HTTP/1.0\r\nA: ", "b", head + 1, "\r\n\r\n") ==
	      431);
	CHECK(repeated("GET / HTTP/1.0\r\n", "A:\r\n", FIELDS_MAX, "\r\n") ==
	      200);
	CHECK(repeated("GET / HTTP/1.0\r\n", "A:\r\n", FIELDS_MAX + 1,
		       "\r\n") == 431);
}

/* --- What is understood --- */

static struct request parsed(const char *text)
{
	struct request r = {0};

	CHECK(request_parse(&r, text, strlen(text)) == 200);
	CHECK(r.parsed == strlen(text));
	return r;
}

static void fields_are_understood(void)
{
	struct request r = parsed(GET("Connection: a\r\nconnection:CLOSE\r\n"));

	CHECK(r.method == METHOD_GET && r.minor == 1 && r.has_host && r.close &&
	      !r.keep_alive && r.since.len == 0 && r.length == 0);
	r = parsed("HEAD / HTTP/1.0\r\nConnection: keep-alive, x\r\n\r\n");
	CHECK(r.method == METHOD_HEAD && r.minor == 0 && r.keep_alive);
	r = parsed(GET("Content-Length: 00012\r\nIf-Modified-Since: x y \r\n"));
	CHECK(r.length == 12 && r.since.len == 3 &&
	      memcmp(r.head + r.since.at, "x y", 3) == 0);
	r = parsed(GET("If-Modified-Since: x\r\nIf-Modified-Since: y\r\n"));
	CHECK(r.since.len == 0);
	CHECK(parsed("TRACE / HTTP/1.0\r\n\r\n").method == METHOD_OTHER);
	CHECK(parsed("get / HTTP/1.0\r\n\r\n").method == METHOD_UNKNOWN);
}

/* The path of a request for TARGET is PATH, if STATUS is 200. */
static void path_is(const char *target, int status, const char *path)
{
	char text[256], name[REQUEST_LINE_BYTES];

	snprintf(text, sizeof text, "GET %s HTTP/1.0\r\n\r\n", target);
	struct request r = parsed(text);
	if (request_path(&r, name) != status)
		printf("%s is not %d\n", target, status);
	CHECK(request_path(&r, name) == status);
	CHECK(status != 200 || strcmp(name, path) == 0);
}

static void paths(void)
{
	path_is("/", 200, "");
	path_is("//", 200, "");
	path_is("/a", 200, "a");
	path_is("///a//b/", 200, "a//b/");
	path_is("/a?b?c", 200, "a");
	path_is("/?/", 200, "");
	path_is("http://a", 200, "");
	path_is("http://a?b", 200, "");
	path_is("http://a/b%20c", 200, "b c");
	path_is("/a+b%2B%25%7e", 200, "a+b+%~");
	path_is("/%2525", 200, "%25");
	path_is("/%c3%A4\xc3\xa4", 200, "\xc3\xa4\xc3\xa4");
	path_is("/%2e%2e/%2E", 200, "../.");
	path_is("/a%2fb", 404, NULL);
	path_is("/%2Fetc", 404, NULL);
	path_is("/a%", 400, NULL);
	path_is("/a%4", 400, NULL);
	path_is("/a%zz", 400, NULL);
	path_is("/a%0", 400, NULL);
	path_is("/a%00b", 400, NULL);
	path_is("/%u0041", 400, NULL);
}

static const struct check_test tests[] = {
	{"dates-in-three-forms", dates_in_three_forms},
	{"what-is-no-date", what_is_no_date},
	{"dates-are-written", dates_are_written},
	{"authorities", authorities},
	{"lists", lists},
	{"numbers", numbers},
	{"escapes", escapes},
	{"names", names},
	{"log-lines", log_lines},
	{"nothing-outside", nothing_outside},
	{"close-on-exec", close_on_exec},
	{"request-lines", request_lines},
	{"field-lines", field_lines},
	{"body-lengths", body_lengths},
	{"limits", limits},
	{"fields-are-understood", fields_are_understood},
	{"paths", paths},
};

int main(int argc, char **argv)
{
	return check_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
