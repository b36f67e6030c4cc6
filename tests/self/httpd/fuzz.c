/*
 * fuzz.c - libFuzzer's way into the parser of lab 05's model answer
 *
 * Built and run by httpd.bats; by hand, for longer:
 *
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Icommon \
 *       tests/self/httpd/fuzz.c labs/05-http/solution/request.c \
 *       common/http.c common/net.c
 *   ./a.out tests/self/httpd/corpus
 *
 * What comes is taken for a connection: request behind request, as long as they
 * are taken. Each must be the same in one piece and in many, and the name of
 * its file must stay what promises of it say.
 *
 * Next: agree.h.
 */
#include "agree.h"

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void check_part(struct part part, size_t len)
{
	must(part.at <= len && part.len <= len - part.at);
}

static void check_request(struct request *r, const char *head)
{
	char path[REQUEST_LINE_BYTES];

	must(r->parsed > 0 && r->parsed <= HEAD_BYTES &&
	     r->fields <= FIELDS_MAX && r->length <= BODY_BYTES);
	check_part(r->line, r->parsed);
	check_part(r->path, r->parsed);
	check_part(r->query, r->parsed);
	check_part(r->since, r->parsed);
	r->head = head;
	int status = request_path(r, path);
	must(status == 200 || status == 400 || status == 404);
	must(status != 200 || (strlen(path) <= r->path.len && *path != '/'));
	http_parse_date(head + r->since.at, r->since.len, 1795690800);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	char log[HTTP_LOG_BYTES];
	struct net_endpoint peer = {0};

	for (;;) {
		struct verdict v = agree(text, size);

		must(v.agreed);
		if (v.status != 200)
			break;
		check_request(&v.request, text);
		struct http_exchange what = {
			.request = text + v.request.line.at,
			.request_len = v.request.line.len,
			.status = v.status,
		};
		http_log(log, &peer, 0, &what);
		must(strlen(log) < sizeof log);
		text += v.request.parsed;
		size -= v.request.parsed;
	}
	return 0;
}
