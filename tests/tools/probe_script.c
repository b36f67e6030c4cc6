/*
 * probe_script.c - from the lines of a script to its steps
 *
 * What may follow a verb is said by its usage, as "NAME HOST PORT", and read
 * by it, too: each word of the usage has a reader below.
 *
 * Next: probe.c for the language, probe_conn.c for the first verbs.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "probe.h"

enum { WORDS = 24, COUNT_MAX = 1 << 30, MESSAGE_BYTES = 512 };

struct word {
	char *text; /* ended with NUL, but may hold others */
	size_t len;
	bool quoted;
};

struct words {
	struct word word[WORDS];
	size_t count;
	size_t next;
};

void bad_step(const struct step *step, const char *format, ...)
{
	char message[MESSAGE_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	cli_warn("line %u: %s: %s", step->line, step->text, message);
	exit(CLI_USAGE);
}

/* --- Words --- */

/* The byte that a backslash and what is at *in mean; moves *in behind it. */
static char unescape(const struct step *step, const char **in)
{
	static const char letters[] = "nrt0\\\"";
	static const char meanings[] = "\n\r\t\0\\\"";
	char letter = *(*in)++;

	if (letter == 'x' && isxdigit((unsigned char)(*in)[0]) &&
	    isxdigit((unsigned char)(*in)[1])) {
		const char hex[] = {(*in)[0], (*in)[1], '\0'};
		*in += 2;
		return (char)strtoul(hex, NULL, 16);
	}
	const char *known = letter == '\0' ? NULL : strchr(letters, letter);
	if (known == NULL)
		bad_step(step, "no escape begins with \\%c", letter);
	return meanings[known - letters];
}

/* Take a quoted text off *in; what it means replaces it in memory. */
static struct word quoted_word(const struct step *step, char **in)
{
	const char *from = *in + 1;
	struct word word = {.text = *in, .quoted = true};

	while (*from != '"') {
		if (*from == '\0')
			bad_step(step, "the quote is not closed");
		char byte = *from++;
		if (byte == '\\')
			byte = unescape(step, &from);
		word.text[word.len++] = byte;
	}
	*in += from + 1 - *in;
	word.text[word.len] = '\0';
	if (**in != '\0' && !isspace((unsigned char)**in))
		bad_step(step, "no blank behind the quote");
	return word;
}

static struct word plain_word(char **in)
{
	struct word word = {.text = *in};

	while (**in != '\0' && !isspace((unsigned char)**in)) {
		(*in)++;
		word.len++;
	}
	return word;
}

/* Split LINE, which is changed, and must stay. */
static void split(const struct step *step, char *line, struct words *words)
{
	*words = (struct words){0};
	for (;;) {
		while (isspace((unsigned char)*line))
			line++;
		if (*line == '\0' || *line == '#')
			break;
		if (words->count == WORDS)
			bad_step(step, "too many words");
		words->word[words->count++] = *line == '"'
						      ? quoted_word(step, &line)
						      : plain_word(&line);
		if (*line != '\0')
			*line++ = '\0';
	}
}

static const struct word *take(struct words *words)
{
	return &words->word[words->next++];
}

static bool is(const struct word *word, const char *text)
{
	return !word->quoted && strcmp(word->text, text) == 0;
}

static bool next_is(const struct words *words, const char *text)
{
	return words->next < words->count &&
	       is(&words->word[words->next], text);
}

/* --- Readers --- */

static uint64_t number(const struct step *step, const struct word *word,
		       uint64_t lowest, uint64_t highest)
{
	char *end;

	errno = 0;
	unsigned long long n = strtoull(word->text, &end, 10);
	if (errno != 0 || !isdigit((unsigned char)word->text[0]) ||
	    *end != '\0' || n < lowest || n > highest)
		bad_step(step, "'%s' is not a number of %llu to %llu",
			 word->text, (unsigned long long)lowest,
			 (unsigned long long)highest);
	return n;
}

static void read_name(struct step *step, const struct word *word)
{
	char *name = step->name[0] == '\0' ? step->name : step->other;

	if (word->quoted || word->len > NAME_LEN ||
	    !isalpha((unsigned char)word->text[0]))
		bad_step(step, "'%s' is not a name", word->text);
	memcpy(name, word->text, word->len + 1);
}

static void read_port(struct step *step, const struct word *word)
{
	if (word->text[0] != '@' && net_listen_port_parse(word->text) < 0)
		bad_step(step, "'%s' is not a port", word->text);
	step->port = word->text;
}

static void read_order(struct step *step, const struct word *word)
{
	if (is(word, "forward"))
		step->order = ORDER_FORWARD;
	else if (is(word, "reverse"))
		step->order = ORDER_REVERSE;
	else if (is(word, "random"))
		step->order = ORDER_RANDOM;
	else
		bad_step(step, "'%s' is not an order", word->text);
}

static void read_text(struct step *step, const struct word *word)
{
	step->data = (struct data){
		.kind = DATA_BYTES,
		.bytes = (const unsigned char *)word->text,
		.len = word->len,
	};
}

static void read_data_file(struct step *step, const char *file)
{
	unsigned char *bytes = NULL;
	size_t len = 0, n;
	FILE *in = fopen(file, "re");

	if (in == NULL)
		bad_step(step, "%s: %s", file, strerror(errno));
	do {
		bytes = need_memory(bytes, len + CHUNK_BYTES, 1);
		n = fread(bytes + len, 1, CHUNK_BYTES, in);
		len += n;
	} while (n > 0);
	if (ferror(in))
		bad_step(step, "%s: %s", file, strerror(errno));
	fclose(in);
	step->data =
		(struct data){.kind = DATA_BYTES, .bytes = bytes, .len = len};
}

static void read_all_bytes(struct step *step)
{
	static unsigned char all[256];

	for (unsigned i = 0; i < sizeof all; i++)
		all[i] = (unsigned char)(i + 128);
	step->data = (struct data){.kind = DATA_BYTES,
				   .bytes = all,
				   .len = sizeof all};
}

static void read_data(struct step *step, struct words *words)
{
	const struct word *word = take(words);
	bool more = words->next < words->count;

	if (is(word, "random") && more) {
		step->data = (struct data){.kind = DATA_RANDOM,
					   .len = number(step, take(words), 1,
							 COUNT_MAX)};
	} else if (is(word, "bytes") && next_is(words, "all")) {
		words->next++;
		read_all_bytes(step);
	} else if (is(word, "file") && more) {
		read_data_file(step, take(words)->text);
	} else {
		read_text(step, word);
	}
}

/* What `expect` takes beyond data: "echo", "12 bytes". */
static void read_wanted(struct step *step, struct words *words)
{
	size_t first = words->next;
	const struct word *word = take(words);

	if (is(word, "echo")) {
		step->data = (struct data){.kind = DATA_ECHO};
	} else if (!word->quoted && next_is(words, "bytes")) {
		words->next++;
		step->data =
			(struct data){.kind = DATA_ANY,
				      .len = number(step, word, 1, COUNT_MAX)};
	} else {
		words->next = first;
		read_data(step, words);
	}
}

static const struct verb *find_verb(const struct step *step,
				    const struct word *word)
{
	for (const struct verb *verb = verbs; verb->name != NULL; verb++)
		if (is(word, verb->name))
			return verb;
	bad_step(step, "there is no step '%s'", word->text);
}

static void read_step(struct step *step, struct words *words);

/* The rest is a step without its name: it is done for each client. */
static void read_each(struct step *step, struct words *words)
{
	struct words inner = {.count = 2};
	const struct verb *verb = find_verb(step, &words->word[words->next]);

	if (strncmp(verb->usage, "NAME", 4) != 0 || strstr(verb->usage, "STEP"))
		bad_step(step, "%s cannot be done for each client", verb->name);
	inner.word[0] = *take(words);
	inner.word[1] = (struct word){step->name, strlen(step->name), false};
	while (words->next < words->count && inner.count < WORDS)
		inner.word[inner.count++] = *take(words);
	step->each = need_memory(NULL, 1, sizeof *step->each);
	*step->each = (struct step){.text = step->text,
				    .line = step->line,
				    .within_ms = -1,
				    .ms = -1};
	read_step(step->each, &inner);
}

/* Whether the word of the usage at TEXT is NAME. */
static bool usage_is(const char *text, const char *name)
{
	size_t len = strlen(name);

	return strncmp(text, name, len) == 0 &&
	       !isalpha((unsigned char)text[len]);
}

/* Read what the word of the usage at TEXT stands for. */
static void read_argument(struct step *step, struct words *words,
			  const char *text)
{
	if (usage_is(text, "DATA"))
		read_data(step, words);
	else if (usage_is(text, "WANTED"))
		read_wanted(step, words);
	else if (usage_is(text, "STEP"))
		read_each(step, words);
	else if (usage_is(text, "NAME"))
		read_name(step, take(words));
	else if (usage_is(text, "HOST"))
		step->host = take(words)->text;
	else if (usage_is(text, "PORT"))
		read_port(step, take(words));
	else if (usage_is(text, "COUNT"))
		step->count = number(step, take(words), 1, COUNT_MAX);
	else if (usage_is(text, "SIZE"))
		step->size = number(step, take(words), 1, CHUNK_BYTES - 1);
	else if (usage_is(text, "MS"))
		step->ms = (int64_t)number(step, take(words), 0, INT32_MAX);
	else if (usage_is(text, "ORDER"))
		read_order(step, take(words));
	else if (usage_is(text, "METHOD"))
		step->method = take(words)->text;
	else if (usage_is(text, "STATUS"))
		step->status = take(words)->text;
	else if (usage_is(text, "FIELD"))
		step->field = take(words)->text;
	else if (usage_is(text, "FILE"))
		*(step->file ? &step->other_file : &step->file) =
			take(words)->text;
	else if (usage_is(text, "TEXT"))
		read_text(step, take(words));
	else if (!usage_is(text, take(words)->text))
		bad_step(step, "usage: %s %s", step->verb->name,
			 step->verb->usage);
}

static void read_step(struct step *step, struct words *words)
{
	step->verb = find_verb(step, take(words));
	const char *usage = step->verb->usage;
	bool optional = false;

	while (*usage != '\0') {
		if (*usage == '[') {
			optional = true;
			usage++;
		}
		if (words->next == words->count) {
			if (optional)
				return;
			bad_step(step, "usage: %s %s", step->verb->name,
				 step->verb->usage);
		}
		read_argument(step, words, usage);
		usage += strcspn(usage, " ");
		usage += strspn(usage, " ");
	}
	if (words->next < words->count)
		bad_step(step, "usage: %s %s", step->verb->name,
			 step->verb->usage);
}

/* --- Lines --- */

/* Take "within MS" off the end of the line. */
static void read_within(struct step *step, struct words *words)
{
	if (words->count < 3 || !is(&words->word[words->count - 2], "within"))
		return;
	step->within_ms = (int64_t)number(step, &words->word[words->count - 1],
					  0, INT32_MAX);
	words->count -= 2;
}

static void add_line(struct script *script, char *line)
{
	struct step step = {.line = ++script->lines, .within_ms = -1, .ms = -1};
	struct words words;

	line += strspn(line, " \t\r");
	char *text = strdup(line);
	if (text == NULL)
		broken("memory");
	step.text = text;
	split(&step, line, &words);
	if (words.count == 0) {
		free(text);
		return;
	}
	read_within(&step, &words);
	read_step(&step, &words);
	script->step = need_memory(script->step, script->count + 1,
				   sizeof *script->step);
	script->step[script->count++] = step;
}

void script_add(struct script *script, char *text)
{
	while (*text != '\0') {
		char *line = text;

		text += strcspn(text, "\n");
		if (*text != '\0')
			*text++ = '\0';
		add_line(script, line);
	}
}

void script_check(const struct script *script)
{
	const struct step *open = NULL;

	for (size_t i = 0; i < script->count; i++) {
		const struct step *step = &script->step[i];

		if (strcmp(step->verb->name, "repeat") == 0) {
			if (open != NULL)
				bad_step(step, "repeat within repeat");
			open = step;
		} else if (strcmp(step->verb->name, "end") == 0) {
			if (open == NULL)
				bad_step(step, "end without repeat");
			open = NULL;
		}
	}
	if (open != NULL)
		bad_step(open, "repeat without end");
}
