/*
 * say.h - what the ladder has to say beside what it draws
 */
#ifndef LADDER_SAY_H
#define LADDER_SAY_H

/* Have all output written. Ends the program if that fails. */
void say_flush(void);

/* "ladder: ..." on standard error, behind all output. */
__attribute__((format(printf, 1, 2))) void say_warn(const char *format, ...);

extern const char say_usage_line[];

enum { EXIT_USAGE = 2 };

/* The same and the usage line; ends the program with EXIT_USAGE. */
__attribute__((format(printf, 1, 2))) _Noreturn void
say_usage(const char *format, ...);

#endif
