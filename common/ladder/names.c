/*
 * names.c - names for addresses, from a file in the format of hosts(5)
 *
 * Counterpart: names.h.
 */
#include "names.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { HOSTS_LINE_MAX_BYTES = 1024 };

/* Names go to the terminal: nothing but plain characters gets through. */
static bool plain(const char *name)
{
	for (; *name != '\0'; name++)
		if (*name <= ' ' || *name > '~')
			return false;
	return true;
}

static void take_line(struct names *names, char *line)
{
	static const char blank[] = " \t\r\n";
	struct address addr;
	char *rest;

	line[strcspn(line, "#")] = '\0';
	char *text = strtok_r(line, blank, &rest);
	char *name = strtok_r(NULL, blank, &rest);

	if (text == NULL || name == NULL || !plain(name) ||
	    names->count == NAMES_MAX || !address_parse(text, &addr))
		return;
	if (names_of(names, &addr) != NULL)
		return; /* the first line of an address counts */
	names->entry[names->count].addr = addr;
	snprintf(names->entry[names->count].name, NAME_LEN, "%s", name);
	names->count++;
}

int names_read(struct names *names, const char *path)
{
	char line[HOSTS_LINE_MAX_BYTES];
	FILE *file = fopen(path, "re");

	names->count = 0;
	if (file == NULL)
		return -1;
	errno = 0;
	while (fgets(line, sizeof(line), file) != NULL)
		take_line(names, line);

	int failed = ferror(file) ? errno : 0;

	fclose(file);
	errno = failed;
	return failed != 0 ? -1 : 0;
}

const char *names_of(const struct names *names, const struct address *addr)
{
	for (size_t i = 0; i < names->count; i++)
		if (address_equal(&names->entry[i].addr, addr))
			return names->entry[i].name;
	return NULL;
}

bool names_match(const struct names *names, const struct address *addr,
		 const char *name)
{
	const char *known = names_of(names, addr);

	return known != NULL && strncmp(known, name, NAME_LEN - 1) == 0;
}
