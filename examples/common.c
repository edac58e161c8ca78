/* Common parts of the examples, which no lesson is about. */
#define _POSIX_C_SOURCE 200809L
#include "common.h"
#include "digits.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- failing ----------------------------------------------------------------------- */

void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fflush(stdout);
    fputs("error: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(EXIT_FAILURE);
}

void check(const ad_tape *t)
{
    if (!t)
        fail("memory ran out for the tape");
    if (ad_tape_status(t) != AD_OK)
        fail("%s", ad_tape_error(t));
}

/* ---- options ----------------------------------------------------------------------- */

typedef enum kind { TEXT, COUNT, POSITIVE } kind;

typedef struct row {
    const char *name, *argument, *help;
    kind kind;
    size_t offset; /* in settings */
} row;

#define AT(field) offsetof(settings, field)

static const row table[] = {
    {"data", "DIR", "folder with MNIST's four files; without it digits are drawn", TEXT, AT(data)},
    {"json", "FILE", "write every number by name into FILE", TEXT, AT(json)},
    {"stacks", "FILE", "write folded stacks, for a flame graph, into FILE", TEXT, AT(stacks)},
    {"state", "FILE", "go on from the training state in FILE, if it is there, and save it", TEXT,
     AT(state)},
    {"stop", "N", "the step at which to stop and save", COUNT, AT(stop)},
    {"train", "N", "how many digits to draw for training", COUNT, AT(train)},
    {"test", "N", "how many digits to draw for testing", COUNT, AT(test)},
    {"epochs", "N", "rounds of training", COUNT, AT(epochs)},
    {"batch", "N", "images a step", COUNT, AT(batch)},
    {"rate", "R", "learning rate", POSITIVE, AT(rate)},
    {"repeat", "N", "how often to run what is timed", COUNT, AT(repeat)},
    {"seed", "N", "where the random numbers start", COUNT, AT(seed)},
    {"threads", "N", "threads that share the work", COUNT, AT(threads)},
};

enum { ROWS = sizeof table / sizeof *table, HELP = ROWS };

static int is_known(const char *known, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = known; (at = strstr(at, name)); at += length)
        if ((at == known || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
            return 1;
    return 0;
}

static void help(const char *program, const char *known, const settings *s)
{
    printf("usage: %s [--help]%s\n", program, *known ? " [options]" : "");
    for (const row *r = table; r < table + ROWS; r++) {
        const void *field = (const char *)s + r->offset;
        if (!is_known(known, r->name))
            continue;
        printf("  --%-7s %-5s %s", r->name, r->argument, r->help);
        if (r->kind == COUNT)
            printf(" (%lld)", (long long)*(const int64_t *)field);
        if (r->kind == POSITIVE)
            printf(" (%g)", *(const double *)field);
        putchar('\n');
    }
    exit(EXIT_SUCCESS);
}

static void read_option(const row *r, const char *text, settings *s)
{
    void *field = (char *)s + r->offset;
    char *end = NULL;
    errno = 0;
    if (r->kind == TEXT) {
        *(const char **)field = text;
    } else if (r->kind == COUNT) {
        long long value = strtoll(text, &end, 10);
        if (errno || end == text || *end || value < 1)
            fail("--%s: '%s' is not a whole number from 1 on", r->name, text);
        *(int64_t *)field = value;
    } else {
        double value = strtod(text, &end);
        if (errno || end == text || *end || !(value > 0) || isinf(value))
            fail("--%s: '%s' is not a number above 0", r->name, text);
        *(double *)field = value;
    }
}

/* Output that cannot be written, as to a full disk, is a failure. */
static void close_output(void)
{
    if (fclose(stdout) == 0)
        return;
    fprintf(stderr, "error: the output cannot be written: %s\n", strerror(errno));
    _Exit(EXIT_FAILURE);
}

/* Files for results must be writable before the work begins. */
static void try_file(const char *path)
{
    FILE *file = path ? fopen(path, "a") : NULL;
    if (path && !file)
        fail("%s cannot be written: %s", path, strerror(errno));
    if (file)
        fclose(file);
}

void read_options(int argc, char **argv, const char *known, settings *s)
{
    const settings defaults = *s;
    struct option options[ROWS + 2] = {{"help", no_argument, NULL, HELP}};
    int count = 1, found;
    bool drawing = false;
    atexit(close_output);
    for (int i = 0; i < ROWS; i++)
        if (is_known(known, table[i].name))
            options[count++] = (struct option){table[i].name, required_argument, NULL, i};
    while ((found = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (found == ':')
            fail("%s needs an argument; --help tells which", argv[optind - 1]);
        if (found == '?')
            fail("there is no option %s; --help lists them", argv[optind - 1]);
        if (found == HELP || found == 'h')
            help(argv[0], known, &defaults);
        read_option(&table[found], optarg, s);
        drawing |= table[found].offset == AT(train) || table[found].offset == AT(test);
    }
    if (optind < argc)
        fail("'%s' is not an option; --help lists them", argv[optind]);
    if (drawing && s->data)
        fail("--train and --test say how many digits to draw; --data takes all that are there");
    try_file(s->json);
    try_file(s->stacks);
}

ad_tape *new_tape(const settings *s, ad_pool **pool)
{
    *pool = NULL;
    if (s->threads > AD_MAX_THREADS)
        fail("--threads: there can be %d at most", AD_MAX_THREADS);
    if (s->threads > 1 && !(*pool = ad_pool_new(NULL, (int)s->threads)))
        fail("cannot start %lld threads", (long long)s->threads);
    ad_tape *t = ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .pool = *pool});
    check(t);
    return t;
}

/* ---- data -------------------------------------------------------------------------- */

ad_dataset load_data(const settings *s)
{
    ad_dataset d;
    ad_error e = {AD_OK, ""};
    ad_status status = s->data ? ad_dataset_read(s->data, NULL, &d, &e)
                               : draw_digits(s->train, s->test, (uint64_t)s->seed, &d, &e);
    if (status != AD_OK)
        fail("%s", e.text);
    if (!ad_array_count(&d.train_images) || !ad_array_count(&d.test_images))
        fail("%s: there are no images to %s", s->data,
             ad_array_count(&d.train_images) ? "test with" : "train with");
    printf("%lld images to train and %lld to test, %s%s\n", (long long)d.train_images.shape.dim[0],
           (long long)d.test_images.shape.dim[0], s->data ? "from " : "drawn",
           s->data ? s->data : " (--data DIR reads MNIST)");
    return d;
}

labelled labelled_of(ad_array images, ad_array labels)
{
    return (labelled){ad_array_view(images), ad_array_view(labels), images.shape.dim[0]};
}

ad_array numbers_to(int64_t n)
{
    ad_array a = ad_zeros(AD_I64, AD_SHAPE(n));
    int64_t *number = a.data;
    if (!number)
        fail("no memory for the order of %lld images", (long long)n);
    for (int64_t i = 0; i < n; i++)
        number[i] = i;
    return a;
}

int largest(int n, const float *x)
{
    int best = 0;
    for (int k = 1; k < n; k++)
        best = x[k] > x[best] ? k : best;
    return best;
}

ad_array keep(ad_tensor x)
{
    check(x.tape);
    ad_view v = ad_read(x);
    ad_array a = ad_array_copy(NULL, v.type, v);
    if (!a.data)
        fail("memory ran out");
    return a;
}

ad_view rows(ad_array a, int64_t begin, int64_t end)
{
    ad_view v = ad_array_view(a);
    v.data = (const char *)a.data + begin * v.stride[0] * (int64_t)ad_type_size(a.type);
    v.shape.dim[0] = end - begin;
    return v;
}

/* ---- time -------------------------------------------------------------------------- */

double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

times time_repeating(int64_t repeat, void (*work)(void *user), void *user)
{
    times t = {0, INFINITY, 0};
    work(user);
    for (int64_t i = 0; i < repeat; i++) {
        double start = now();
        work(user);
        double passed = 1e3 * (now() - start);
        t.average += passed / (double)repeat;
        t.min = fmin(t.min, passed);
        t.max = fmax(t.max, passed);
    }
    return t;
}

/* ---- progress ---------------------------------------------------------------------- */

static void draw(progress *p)
{
    enum { WIDTH = 20 };
    static const char full[] = "####################";
    double share = (double)p->done / (double)p->images, passed = now() - p->start;
    int length = (int)(WIDTH * share);
    fprintf(stderr, "\r  training [%.*s%*s] %3d %%", length, full, WIDTH - length, "",
            (int)(100 * share));
    if (p->done) {
        int64_t left = (int64_t)(passed * (1 / share - 1) + 0.5);
        fprintf(stderr, "  %.0f images/s  loss %.4f  %lld:%02lld left", (double)p->done / passed,
                p->loss, (long long)(left / 60), (long long)(left % 60));
    }
    fputs("\033[K", stderr); /* clear the rest of the line */
    fflush(stderr);
    p->drawn = now();
}

progress progress_begin(int64_t images)
{
    progress p = {.images = images, .start = now()};
    if (isatty(STDERR_FILENO))
        draw(&p);
    return p;
}

void progress_step(progress *p, int64_t images, double loss)
{
    p->done += images;
    p->loss = loss;
    bool first = p->done == images;
    if (p->drawn && (first || now() - p->drawn > 0.1))
        draw(p);
}

void progress_hide(progress *p)
{
    if (p->drawn)
        fputs("\r\033[K", stderr);
}

/* ---- linear equations -------------------------------------------------------------- */

bool factor(int n, double *a)
{
    for (int j = 0; j < n; j++)
        for (int i = j; i < n; i++) {
            for (int k = 0; k < j; k++)
                a[i * n + j] -= a[i * n + k] * a[j * n + k];
            if (i == j && !(a[j * n + j] > 0))
                return false;
            a[i * n + j] = i == j ? sqrt(a[j * n + j]) : a[i * n + j] / a[j * n + j];
        }
    return true;
}

void solve(int n, const double *l, double *b)
{
    for (int i = 0; i < n; b[i] /= l[i * n + i], i++)
        for (int k = 0; k < i; k++)
            b[i] -= l[i * n + k] * b[k];
    for (int i = n; i-- > 0; b[i] /= l[i * n + i])
        for (int k = i + 1; k < n; k++)
            b[i] -= l[k * n + i] * b[k];
}

/* ---- results ----------------------------------------------------------------------- */

void heading(const char *text)
{
    printf("\n%s\n", text);
}

void show_text(const char *name, const char *adze, const char *lesson)
{
    int width = 24; /* of bytes, where a character may take several */
    for (const char *c = lesson; *c; c++)
        width += (*c & 0xC0) == 0x80;
    printf("  %-26s %30s", name, adze);
    if (*lesson)
        printf(" %*s", width, lesson);
    putchar('\n');
}

/* The fewest digits that give the number back, as a float if it is one. */
static const char *shortest(double value, char text[32])
{
    bool is_float = (double)(float)value == value;
    int digits = value == trunc(value) && fabs(value) < 1e15 ? 15 : 1;
    for (; digits <= 17; digits++) {
        snprintf(text, 32, "%.*g", digits, value);
        if (is_float ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value)
            break;
    }
    return text;
}

/* With all its digits, of which cJSON would print one or two too few. */
static cJSON *exact(double value)
{
    char text[32];
    snprintf(text, sizeof text, "%.17g", value);
    return isfinite(value) ? cJSON_CreateRaw(text) : cJSON_CreateNull();
}

void show(cJSON *out, const char *name, double value, const char *lesson)
{
    char text[32];
    show_text(name, shortest(value, text), lesson);
    if (out)
        cJSON_AddItemToObject(out, name, exact(value));
}

void show_item(cJSON *out, const char *name, ad_tensor x, const char *lesson)
{
    check(x.tape);
    show(out, name, ad_item(x), lesson);
}

void show_list(cJSON *out, const char *name, ad_view v, const char *const *lesson)
{
    cJSON *list = cJSON_AddArrayToObject(out, name);
    for (size_t i = 0; i < ad_view_count(&v); i++) {
        char place[64], text[32];
        snprintf(place, sizeof place, "%s[%zu]", name, i);
        show_text(place, shortest(ad_view_get(&v, i), text), lesson[i]);
        cJSON_AddItemToArray(list, exact(ad_view_get(&v, i)));
    }
}

void show_times(cJSON *out, const char *name, times t)
{
    const char *const parts[] = {"average", "min", "max"};
    const double values[] = {t.average, t.min, t.max};
    cJSON *object = cJSON_AddObjectToObject(out, name);
    for (int i = 0; i < 3; i++) {
        char place[64], text[32];
        snprintf(place, sizeof place, "%s.%s", name, parts[i]);
        snprintf(text, sizeof text, "%.3f", values[i]);
        show_text(place, text, "");
        cJSON_AddNumberToObject(object, parts[i], values[i]);
    }
}

void write_json(cJSON *out, const char *path)
{
    char *text = path ? cJSON_Print(out) : NULL;
    FILE *file = text ? fopen(path, "w") : NULL;
    int failed = file ? fprintf(file, "%s\n", text) < 0 : path != NULL;
    if (file)
        failed |= fclose(file) != 0;
    int reason = errno;
    cJSON_free(text);
    cJSON_Delete(out);
    if (failed)
        fail("%s cannot be written: %s", path, strerror(reason));
}
