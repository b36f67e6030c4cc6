/*
 * http.c - what programs that speak HTTP have in common
 *
 * Next: labs/05-http/request.c.
 */
#include "http.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
	DATE_FORM_BYTES = 40, /* "Wednesday, 09-Nov-94 08:49:37 GMT" + NUL */
	YEARS = 100,
	FUTURE_YEARS = 50,
	ESCAPE_BYTES = 3, /* "%2F" */
	LOG_REQUEST_BYTES = 800,
	LOG_TIME_BYTES = 40,
};

/* --- Pieces of the grammar --- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static bool is_token(char c)
{
	return is_alnum(c) || is_one_of(c, "-!#$%&'*+.^_`|~");
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* How many bytes at TEXT are what IS says. */
static size_t span(const char *text, size_t len, bool (*is)(char))
{
	size_t n = 0;

	while (n < len && is(text[n]))
		n++;
	return n;
}

size_t http_token(const char *text, size_t len)
{
	return span(text, len, is_token);
}

size_t http_digits(const char *text, size_t len)
{
	return span(text, len, is_digit);
}

bool http_is(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && strncasecmp(text, word, len) == 0;
}

bool http_has_control(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)text[i] < ' ' && text[i] != '\t') ||
		    text[i] == '\x7f')
			return true;
	return false;
}

size_t http_trim(const char **text, size_t len)
{
	size_t n = span(*text, len, is_space);

	*text += n;
	len -= n;
	while (len > 0 && is_space((*text)[len - 1]))
		len--;
	return len;
}

const char *http_member(const char **at, const char *end, size_t *len)
{
	while (*at < end) {
		const char *member = *at;
		const char *comma = memchr(member, ',', (size_t)(end - member));

		*at = comma != NULL ? comma + 1 : end;
		*len = (size_t)((comma != NULL ? comma : end) - member);
		*len = http_trim(&member, *len);
		if (*len > 0)
			return member;
	}
	return NULL;
}

bool http_has_member(const char *text, size_t len, const char *word)
{
	const char *at = text, *member;
	size_t n;

	while ((member = http_member(&at, text + len, &n)) != NULL)
		if (http_is(member, n, word))
			return true;
	return false;
}

int64_t http_number(const char *text, size_t len, int64_t max)
{
	int64_t number = 0;

	if (len == 0 || http_digits(text, len) != len)
		return -1;
	/* Too large is too large: it need not be known by how much. */
	for (size_t i = 0; i < len && number <= max; i++)
		number = number * 10 + (text[i] - '0');
	return number <= max ? number : max + 1;
}

int http_version(const char *text, size_t len)
{
	if (len != strlen("HTTP/1.1") || memcmp(text, "HTTP/", 5) != 0 ||
	    !is_digit(text[5]) || text[6] != '.' || !is_digit(text[7]))
		return -1;
	return (text[5] - '0') * 10 + text[7] - '0';
}

static bool is_address(char c)
{
	return is_alnum(c) || c == ':' || c == '.';
}

static bool is_name(char c)
{
	return is_alnum(c) || is_one_of(c, "-._~!$&'()*+,;=");
}

/* How many bytes at TEXT are the name of a host, which may have escapes. */
static size_t name_len(const char *text, size_t len)
{
	size_t n = 0;

	/* Of an escape, the two digits are as good as any. */
	while (n < len &&
	       (is_name(text[n]) || http_unescape(text + n, len - n) >= 0))
		n++;
	return n;
}

static bool is_ipv6(const char *text, size_t len)
{
	char copy[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return inet_pton(AF_INET6, copy, &address) == 1;
}

bool http_is_authority(const char *text, size_t len)
{
	size_t n;

	if (len > 0 && *text == '[') {
		n = 1 + span(text + 1, len - 1, is_address);
		if (n == len || text[n] != ']' || !is_ipv6(text + 1, n - 1))
			return false;
		n++;
	} else {
		n = name_len(text, len);
	}
	if (n > 0 && n < len && text[n] == ':')
		n += 1 + span(text + n + 1, len - n - 1, is_digit);
	return n == len;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) % 16 : -1;
}

int http_unescape(const char *text, size_t len)
{
	if (len < ESCAPE_BYTES || *text != '%' || hex_digit(text[1]) < 0 ||
	    hex_digit(text[2]) < 0)
		return -1;
	return hex_digit(text[1]) * 16 + hex_digit(text[2]);
}

char *http_escape(char *to, const char *path)
{
	static const char hex[] = "0123456789ABCDEF";

	for (; *path != '\0'; path++) {
		if (is_alnum(*path) || is_one_of(*path, "-._~/!$&'()*+,;=:@")) {
			*to++ = *path;
			continue;
		}
		*to++ = '%';
		*to++ = hex[(unsigned char)*path / 16];
		*to++ = hex[(unsigned char)*path % 16];
	}
	return to;
}

char *http_put_number(char *to, uintmax_t number)
{
	char digits[24];
	char *first = digits + sizeof(digits) - 1;

	*first = '\0';
	do {
		*--first = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	return stpcpy(to, first);
}

char *http_put_field(char *to, const char *name, const char *value)
{
	to = stpcpy(stpcpy(to, name), ": ");
	return stpcpy(stpcpy(to, value), "\r\n");
}

/* --- Dates --- */

#define IMF_FIXDATE "%a, %d %b %Y %H:%M:%S GMT"
#define RFC850_DATE "%A, %d-%b-%y %H:%M:%S GMT"
#define ASCTIME	    "%a %b %e %H:%M:%S %Y"

void http_date(char text[HTTP_DATE_BYTES], time_t time)
{
	struct tm tm;

	if (gmtime_r(&time, &tm) == NULL ||
	    strftime(text, HTTP_DATE_BYTES, IMF_FIXDATE, &tm) == 0)
		stpcpy(text, "Thu, 01 Jan 1970 00:00:00 GMT");
}

/*
 * A year of two digits is of this century; or of the one before, if it would
 * be more than 50 years away.
 */
static void choose_century(struct tm *tm, time_t now)
{
	struct tm today;

	if (gmtime_r(&now, &today) == NULL)
		return;
	tm->tm_year = tm->tm_year % YEARS + today.tm_year / YEARS * YEARS;
	if (tm->tm_year > today.tm_year + FUTURE_YEARS)
		tm->tm_year -= YEARS;
}

/* The time of TEXT, in the form FORM of strptime(3); -1 if it has none. */
static time_t parse_form(const char *text, const char *form, time_t now)
{
	struct tm tm = {0};
	const char *end = strptime(text, form, &tm);

	if (end == NULL || *end != '\0')
		return -1;
	if (strcmp(form, RFC850_DATE) == 0)
		choose_century(&tm, now);
	struct tm given = tm;
	time_t time = timegm(&tm); /* a 30th of February becomes another day */
	bool valid = tm.tm_mday == given.tm_mday &&
		     tm.tm_wday == given.tm_wday && tm.tm_sec == given.tm_sec;
	return valid && time >= 0 ? time : -1;
}

time_t http_parse_date(const char *text, size_t len, time_t now)
{
	static const char *const forms[] = {IMF_FIXDATE, RFC850_DATE, ASCTIME};
	char copy[DATE_FORM_BYTES];
	time_t time = -1;

	if (len == 0 || len >= sizeof(copy) || memchr(text, '\0', len) != NULL)
		return -1;
	memcpy(copy, text, len);
	copy[len] = '\0';
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms) && time < 0; i++)
		time = parse_form(copy, forms[i], now);
	return time;
}

/* --- Names --- */

const char *http_reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
		{200, "OK"},
		{301, "Moved Permanently"},
		{304, "Not Modified"},
		{400, "Bad Request"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{408, "Request Timeout"},
		{413, "Content Too Large"},
		{414, "URI Too Long"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
		{505, "HTTP Version Not Supported"},
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}

bool http_is_method(const char *method, size_t len)
{
	static const char *const known[] = {
		"GET",	   "HEAD",    "POST",  "PUT",	"DELETE",
		"CONNECT", "OPTIONS", "TRACE", "PATCH",
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strlen(known[i]) == len &&
		    memcmp(method, known[i], len) == 0)
			return true;
	return false;
}

const char *http_type(const char *path)
{
	static const struct {
		const char *extension;
		const char *type;
	} types[] = {
		{"html", "text/html; charset=utf-8"},
		{"htm", "text/html; charset=utf-8"},
		{"css", "text/css; charset=utf-8"},
		{"js", "text/javascript; charset=utf-8"},
		{"mjs", "text/javascript; charset=utf-8"},
		{"json", "application/json"},
		{"txt", "text/plain; charset=utf-8"},
		{"md", "text/markdown; charset=utf-8"},
		{"csv", "text/csv; charset=utf-8"},
		{"xml", "text/xml; charset=utf-8"},
		{"svg", "image/svg+xml"},
		{"png", "image/png"},
		{"jpg", "image/jpeg"},
		{"jpeg", "image/jpeg"},
		{"gif", "image/gif"},
		{"webp", "image/webp"},
		{"ico", "image/x-icon"},
		{"woff2", "font/woff2"},
		{"pdf", "application/pdf"},
		{"wasm", "application/wasm"},
		{"mp3", "audio/mpeg"},
		{"mp4", "video/mp4"},
		{"gz", "application/gzip"},
		{"zip", "application/zip"},
	};
	const char *slash = strrchr(path, '/');
	const char *dot = strrchr(slash != NULL ? slash : path, '.');

	for (size_t i = 0; dot && i < sizeof(types) / sizeof(*types); i++)
		if (strcasecmp(dot + 1, types[i].extension) == 0)
			return types[i].type;
	return "application/octet-stream";
}

/* --- The log --- */

/* TEXT with escapes, in TO; what does not fit is cut, and says so. */
static void escape_line(char *to, size_t size, const char *text, size_t len)
{
	const char *cut = "";

	for (size_t used = 0; len > 0; text++, len--) {
		if (used + sizeof("\\xff...") > size) {
			cut = "...";
			break;
		}
		if (*text >= ' ' && *text <= '~' && !is_one_of(*text, "\"\\"))
			to[used++] = *text;
		else
			used += (size_t)sprintf(to + used, "\\x%02x",
						(unsigned char)*text);
		to[used] = '\0';
	}
	stpcpy(to + strlen(to), cut);
}

/* The address of PEER, without its port and brackets; it is in BUF. */
static char *address_of(const struct net_endpoint *peer,
			char buf[NET_ENDPOINT_LEN])
{
	char *text = net_endpoint_format(peer, buf, NET_ENDPOINT_LEN);
	char *colon = strrchr(text, ':');

	if (colon == NULL)
		return text;
	if (*text != '[') {
		*colon = '\0';
		return text;
	}
	colon[-1] = '\0';
	return text + 1;
}

char *http_log(char buf[HTTP_LOG_BYTES], const struct net_endpoint *peer,
	       time_t now, const struct http_exchange *what)
{
	char address[NET_ENDPOINT_LEN];
	char line[LOG_REQUEST_BYTES] = "";
	char time[LOG_TIME_BYTES] = "-";
	struct tm tm;

	if (what->request_len > 0)
		escape_line(line, sizeof(line), what->request,
			    what->request_len);
	if (localtime_r(&now, &tm) != NULL)
		strftime(time, sizeof(time), "%d/%b/%Y:%H:%M:%S %z", &tm);
	snprintf(buf, HTTP_LOG_BYTES, "%s - - [%s] \"%s\" %d %jd",
		 address_of(peer, address), time, *line ? line : "-",
		 what->status, what->bytes);
	return buf;
}
