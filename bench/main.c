/* adze-bench: runs the cases and prints the results. */
#define _POSIX_C_SOURCE 200809L
#include "memory.h"
#include "report.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const bench_table *const tables[] = {
    &lesson_table,       &mlp_table,          &ops_table,           &products_table,
    &optimisers_table,   &elementwise_table,  &reductions_table,    &curves_table,
    &checkpoints_table,  &directions_table,   &own_ops_table,       &neural_table,
    &numbers_table,      &lotka_table,        &gmm_table,           &ba_table,
    &lstm_table,         &hand_table,         &linalg_table,        &spatial_table,
    &lenet_table,        &files_table,        &program_lotka_table, &program_exported_table,
    &program_maps_table, &program_node_table, &program_pde_table};

enum {
    TABLES = sizeof tables / sizeof *tables,
    MOST_THREADS = 64,
    INPUTS = 784,
    IMAGES = 65536,
    SMOKE_IMAGES = 256
};

/* ---- options ------------------------------------------------------------------------ */

typedef struct choice {
    bool list, smoke, filtered;
    regex_t filter;
    int threads[MOST_THREADS], counts; /* how many threads to run with, one after another */
    double min_time;
    const char *json;
    FILE *file;
} choice;

static void help(const char *program)
{
    printf("usage: %s [options]\n"
           "  --list            name the cases\n"
           "  --filter REGEX    only cases whose names match (an extended regular expression)\n"
           "  --threads N[,N]   how many threads to run with, one after another (1,2)\n"
           "  --min-time S      seconds for each case, adze and bare together (0.5)\n"
           "  --json FILE       write all figures into FILE\n"
           "  --smoke           small sizes and few repeats: does it work?\n"
           "  --help            this\n",
           program);
    exit(EXIT_SUCCESS);
}

static void read_threads(choice *o, const char *text)
{
    const char *at = text;
    o->counts = 0;
    for (;; at++) {
        char *end;
        errno = 0;
        long value = strtol(at, &end, 10);
        if (errno || end == at || value < 1 || value > MOST_THREADS || (*end && *end != ',') ||
            o->counts == MOST_THREADS)
            fail("--threads: '%s' is not a list of whole numbers from 1 to %d", text, MOST_THREADS);
        o->threads[o->counts++] = (int)value;
        at = end;
        if (!*at)
            return;
    }
}

static void read_filter(choice *o, const char *text)
{
    char reason[256];
    if (o->filtered)
        regfree(&o->filter);
    int status = regcomp(&o->filter, text, REG_EXTENDED | REG_NOSUB);
    if (status) {
        regerror(status, &o->filter, reason, sizeof reason);
        fail("--filter: '%s': %s", text, reason);
    }
    o->filtered = true;
}

static double read_seconds(const char *text)
{
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (errno || end == text || *end || !(value > 0) || isinf(value))
        fail("--min-time: '%s' is not a number above 0", text);
    return value;
}

static void read_option(choice *o, int option, const char *program)
{
    switch (option) {
    case 'l':
        o->list = true;
        break;
    case 'f':
        read_filter(o, optarg);
        break;
    case 't':
        read_threads(o, optarg);
        break;
    case 'm':
        o->min_time = read_seconds(optarg);
        break;
    case 'j':
        o->json = optarg;
        break;
    case 's':
        o->smoke = true;
        break;
    default:
        help(program);
    }
}

static choice read_options(int argc, char **argv)
{
    static const struct option options[] = {
        {"list", no_argument, NULL, 'l'},          {"filter", required_argument, NULL, 'f'},
        {"threads", required_argument, NULL, 't'}, {"min-time", required_argument, NULL, 'm'},
        {"json", required_argument, NULL, 'j'},    {"smoke", no_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0},
    };
    choice o = {.threads = {1, 2}, .counts = 2, .min_time = 0.5};
    int found;
    while ((found = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (found == ':')
            fail("%s needs an argument; --help tells which", argv[optind - 1]);
        if (found == '?')
            fail("there is no option %s; --help lists them", argv[optind - 1]);
        read_option(&o, found, argv[0]);
    }
    if (optind < argc)
        fail("'%s' is not an option; --help lists them", argv[optind]);
    return o;
}

/* ---- cases -------------------------------------------------------------------------- */

typedef void visit(void *user, const bench_case *c);

static size_t each_case(const choice *o, visit *f, void *user)
{
    size_t count = 0;
    for (int i = 0; i < TABLES; i++)
        for (size_t j = 0; j < tables[i]->count; j++) {
            const bench_case *c = &tables[i]->cases[j];
            if (o->filtered && regexec(&o->filter, c->name, 0, NULL, 0) != 0)
                continue;
            f(user, c);
            count++;
        }
    return count;
}

static void list(void *user, const bench_case *c)
{
    (void)user;
    printf("%-22s %s\n", c->name, c->what);
}

static void look(void *user, const bench_case *c)
{
    (void)user, (void)c;
}

typedef struct run {
    bench_setting setting;
    ceiling ceiling;
    report *report;
} run;

static void run_case(void *user, const bench_case *c)
{
    run *r = user;
    bench_result result = measure(c, &r->setting);
    report_row(&result, &r->ceiling);
    report_add(r->report, &result, &r->ceiling);
}

static void run_all(const choice *o)
{
    run r = {.setting = {.smoke = o->smoke, .min_time = o->min_time}, .report = report_new()};
    ceiling ceilings[MOST_THREADS];
    for (int i = 0; i < o->counts; i++) {
        ceilings[i] = ceiling_measure(o->threads[i], o->smoke);
        report_ceiling(o->threads[i], &ceilings[i]);
        report_add_ceiling(r.report, o->threads[i], &ceilings[i]);
    }
    r.setting.images = o->smoke ? SMOKE_IMAGES : IMAGES;
    float *image = take((size_t)r.setting.images * INPUTS, sizeof *image);
    fill(AD_F32, image, (size_t)r.setting.images * INPUTS, 0, -1, 1);
    r.setting.image = image;
    report_heading();
    for (int i = 0; i < o->counts; i++) {
        r.setting.threads = o->threads[i];
        r.setting.pool = ad_pool_new(&counting_allocator, o->threads[i]);
        if (!r.setting.pool)
            fail("no pool of %d threads can be made", o->threads[i]);
        r.ceiling = ceilings[i];
        each_case(o, run_case, &r);
        ad_pool_free(r.setting.pool);
    }
    free(image);
    report_end(r.report, o->file, o->json);
}

int main(int argc, char **argv)
{
    if (ceiling_child(argc, argv))
        return EXIT_SUCCESS;
    choice o = read_options(argc, argv);
    if (each_case(&o, o.list ? list : look, NULL) == 0)
        fail("--filter: no case has such a name; --list names them");
    if (!o.list && o.json && !(o.file = fopen(o.json, "w")))
        fail("%s cannot be written: %s", o.json, strerror(errno));
    if (!o.list)
        run_all(&o);
    if (o.filtered)
        regfree(&o.filter);
    return EXIT_SUCCESS;
}
