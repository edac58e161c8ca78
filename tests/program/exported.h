/* Programs that are written as C, compiled by the compiler at hand, and run beside the programs themselves. */
#ifndef ADZE_TESTS_EXPORTED_H
#define ADZE_TESTS_EXPORTED_H

#include "programs.h"

enum { EXPORTED_POINTS = 4, EXPORTED_MOST = 128 };

/* A program at some points: x[EXPORTED_POINTS][inputs]. */
typedef struct exported {
    ad_program *program;
    const double *x;
    ad_program_c_options options;
} exported;

/* A text in memory, header and source, each with a 0 at its end. Free both. */
typedef struct program_text {
    char *of[2];
    size_t length[2];
} program_text;

program_text text_of(const ad_program *p, const char *name, const ad_program_c_options *options);
void free_text(program_text *t);

/* How often a word is there. */
int count_of(const char *text, const char *word);

/* The command of the C compiler, or NULL: there is none. */
const char *compiler_command(void);

typedef struct way {
    const char *name, *flags;
    int lanes; /* 0: one number at a time */
    const char
        *change; /* of the text of the first program, for a planted fault: what is replaced by */
    const char *by;
} way;

/* Compiles all programs together, runs each at all its points, and returns in how many numbers it differs from
 * ad_program_run; or -1 if the flags are not for this compiler or machine. Fails the test if the text does not compile. */
int count_differences(int n, const exported *e, const way *w);

#endif
