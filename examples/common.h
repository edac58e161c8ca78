/* Common parts of the examples, which no lesson is about: options, data, clocks, tables of
 * results. A failure here ends the program with one line on stderr and exit status 1. */
#ifndef EXAMPLES_COMMON_H
#define EXAMPLES_COMMON_H

#include <adze.h>
#include <cJSON.h>

/* ---- failing ------------------------------------------------------------------------ */

#if defined(__GNUC__)
__attribute__((__format__(__printf__, 1, 2)))
#endif
_Noreturn void
fail(const char *format, ...);

/* Ends the program with the tape's message, if there is one. */
void check(const ad_tape *t);

/* ---- options ------------------------------------------------------------------------ */

typedef struct settings {
    const char *data;    /* a folder with MNIST's files; NULL: digits are drawn */
    const char *json;    /* a file for the results; NULL: none */
    const char *stacks;  /* a file for a flame graph; NULL: none */
    const char *state;   /* a file for the training state; NULL: none */
    int64_t stop;        /* the step at which training stops */
    int64_t train, test; /* how many digits to draw */
    int64_t epochs, batch, repeat, seed, threads;
    double rate;
} settings;

/* Reads the options of the command line that are listed in `known`, separated by spaces, into s, which
 * comes with the defaults. */
void read_options(int argc, char **argv, const char *known, settings *s);

/* A tape whose kernels run on so many threads as the options ask for. The pool is NULL for one
 * thread; free it after the tape. */
ad_tape *new_tape(const settings *s, ad_pool **pool);

/* ---- data --------------------------------------------------------------------------- */

/* The data set that the options ask for. */
ad_dataset load_data(const settings *s);

/* Images with labels. */
typedef struct labelled {
    ad_view images; /* u8 [n, rows, columns] */
    ad_view labels; /* u8 [n] */
    int64_t n;
} labelled;

labelled labelled_of(ad_array images, ad_array labels);

/* i64 [n]: 0, 1, ..., n - 1; the order in which images are taken, to be shuffled. */
ad_array numbers_to(int64_t n);

/* Which of n numbers is the largest. */
int largest(int n, const float *x);

/* The numbers of x in an array that outlives the tape's reset. */
ad_array keep(ad_tensor x);

/* Rows begin to end - 1 of an array, in place. */
ad_view rows(ad_array a, int64_t begin, int64_t end);

/* ---- time --------------------------------------------------------------------------- */

double now(void); /* in seconds */

typedef struct times {
    double average, min, max; /* in milliseconds */
} times;

/* Runs work(user) once to warm up, and then so many times with a clock beside it. */
times time_repeating(int64_t repeat, void (*work)(void *user), void *user);

/* The progress of training over all its images: a bar on stderr with the rate, the loss and the time
 * left. Where stderr is no terminal there is none. It is drawn when it begins, after the first step, and
 * then every tenth of a second, and is gone after its end. Hide it before printing lines. */
typedef struct progress {
    int64_t images, done;
    double loss, start, drawn; /* loss: of the last step; the others are times */
} progress;

progress progress_begin(int64_t images);
void progress_step(progress *p, int64_t images, double loss);
void progress_hide(progress *p);

/* ---- linear equations --------------------------------------------------------------- */

/* a [n, n], symmetric and positive definite, becomes L of a = L L^T, below and on the diagonal. False if it is
 * not positive definite. */
bool factor(int n, double *a);

/* b [n] becomes x of L L^T x = b. */
void solve(int n, const double *l, double *b);

/* ---- results ------------------------------------------------------------------------ */
/* Rows of a name, adze's number and the lesson's, and the same by name in a JSON object. A float is
 * printed with as many digits as tell it from its neighbours. `lesson` may be "", and `out` of
 * show NULL. Times stand alone: the lesson's are another machine's. */

void heading(const char *text);
void show_text(const char *name, const char *adze, const char *lesson);
void show(cJSON *out, const char *name, double value, const char *lesson);
void show_item(cJSON *out, const char *name, ad_tensor x, const char *lesson);
void show_list(cJSON *out, const char *name, ad_view v, const char *const *lesson);
void show_times(cJSON *out, const char *name, times t);

/* Writes the object to the file named by --json, if any, and ends its life. */
void write_json(cJSON *out, const char *path);

#endif
