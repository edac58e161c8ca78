/* Prints the results. */
#define _POSIX_C_SOURCE 200809L
#include "report.h"

#include <cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* ---- for people --------------------------------------------------------------------- */

/* Three figures. */
static const char *figures(double value, char text[16])
{
    snprintf(text, 16, "%.*f", value < 9.995 ? 2 : value < 99.95 ? 1 : 0, value);
    return text;
}

/* And a unit. */
static const char *quantity(double value, double step, const char *const *units, char text[16])
{
    while (value >= 999.5 && units[1]) {
        value /= step;
        units++;
    }
    char number[16];
    snprintf(text, 16, "%.8s %s", figures(value, number), *units);
    return text;
}

static const char *time_text(double ns, char text[16])
{
    static const char *const units[] = {"ns", "us", "ms", "s ", NULL};
    return quantity(ns, 1e3, units, text);
}

static const char *bytes_text(double bytes, char text[16])
{
    static const char *const units[] = {"B ", "kB", "MB", "GB", NULL};
    return quantity(bytes, 1e3, units, text);
}

/* Three digits at most: a busy machine measures anything, and rows must keep their columns. */
static double percent(double part)
{
    return fmin(100 * part, 999);
}

void report_heading(void)
{
    printf("%-27s %2s %7s %7s %4s %6s %6s %5s %4s %4s %5s %4s %7s\n", "case", "th", "adze", "min",
           "spr.", "x bare", "x same", "GF/s", "ceil", "BLIS", "GB/s", "mal.", "memory");
}

void report_ceiling(int threads, const ceiling *c)
{
    printf("%d %s: %.0f GFLOP/s by %s; BLIS as it is %.0f", threads,
           threads == 1 ? "thread" : "threads", c->gflops, c->by, c->blis);
    printf(", at its best %.0f, adze %.0f\n", c->blis_best, c->adze);
}

void report_row(const bench_result *r, const ceiling *c)
{
    char adze[16], min[16], bare[16], same[16], memory[16], flops[16], bytes[16];
    double gflops = r->flops / r->adze.median;
    figures(r->adze.median / r->same_kernels.median, same);
    printf("%-27s %2d %7s %7s %3.0f%% %6s %6s %5s %3.0f%% %3.0f%% %5s %4.3g %7s\n", r->is->name,
           r->threads, time_text(r->adze.median, adze), time_text(r->adze.min, min),
           percent(r->adze.spread), figures(r->adze.median / r->bare.median, bare),
           r->is->kind->same_kernels ? same : "", figures(gflops, flops),
           percent(gflops / c->gflops), percent(gflops / c->blis_best),
           figures(r->bytes / r->adze.median, bytes), r->mallocs,
           bytes_text(r->peak_bytes, memory));
    fflush(stdout);
}

/* ---- the machine -------------------------------------------------------------------- */

static void cpu_name(char *text, size_t size)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");
    snprintf(text, size, "unknown");
    while (file && fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && colon) {
            snprintf(text, size, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
            break;
        }
    }
    if (file)
        fclose(file);
}

static cJSON *machine(void)
{
    char cpu[128], blis[96];
    struct utsname u;
    cJSON *o = cJSON_CreateObject();
    cpu_name(cpu, sizeof cpu);
    snprintf(blis, sizeof blis, "%s (%s)", bare_blis_version(), bare_blis_arch());
    cJSON_AddStringToObject(o, "cpu", cpu);
    cJSON_AddNumberToObject(o, "cores", (double)sysconf(_SC_NPROCESSORS_ONLN));
    if (uname(&u) == 0) {
        cJSON_AddStringToObject(o, "architecture", u.machine);
        cJSON_AddStringToObject(o, "system", u.sysname);
        cJSON_AddStringToObject(o, "release", u.release);
    }
    cJSON_AddStringToObject(o, "compiler", __VERSION__);
    cJSON_AddStringToObject(o, "blis", blis);
    return o;
}

/* ---- for programs ------------------------------------------------------------------- */

struct report {
    cJSON *all, *gflops, *ceilings, *cases;
};

report *report_new(void)
{
    report *o = take(1, sizeof *o);
    o->all = cJSON_CreateObject();
    cJSON_AddItemToObject(o->all, "machine", machine());
    o->gflops = cJSON_AddObjectToObject(o->all, "ceiling_gflops");
    o->ceilings = cJSON_AddObjectToObject(o->all, "ceilings");
    o->cases = cJSON_AddArrayToObject(o->all, "cases");
    return o;
}

/* With six figures: more would be noise. */
static void add_number(cJSON *o, const char *name, double value)
{
    char text[32];
    snprintf(text, sizeof text, "%.6g", value);
    cJSON_AddItemToObject(o, name, isfinite(value) ? cJSON_CreateRaw(text) : cJSON_CreateNull());
}

void report_add_ceiling(report *o, int threads, const ceiling *c)
{
    char name[16];
    snprintf(name, sizeof name, "%d", threads);
    add_number(o->gflops, name, c->gflops);
    cJSON *parts = cJSON_AddObjectToObject(o->ceilings, name);
    cJSON_AddStringToObject(parts, "by", c->by);
    add_number(parts, "blis", c->blis);
    add_number(parts, "blis_best", c->blis_best);
    if (c->chosen > 0)
        add_number(parts, "blis_arch_type", c->arch);
    add_number(parts, "adze", c->adze);
}

void report_add(report *o, const bench_result *r, const ceiling *c)
{
    cJSON *row = cJSON_CreateObject();
    double gflops = r->flops / r->adze.median;
    cJSON_AddItemToArray(o->cases, row);
    cJSON_AddStringToObject(row, "name", r->is->name);
    add_number(row, "threads", r->threads);
    add_number(row, "median_ns", r->adze.median);
    add_number(row, "min_ns", r->adze.min);
    add_number(row, "spread", r->adze.spread);
    add_number(row, "gflops", gflops);
    add_number(row, "of_ceiling", gflops / c->gflops);
    add_number(row, "of_blis", gflops / c->blis_best);
    add_number(row, "bytes", r->bytes);
    add_number(row, "gb_per_s", r->bytes / r->adze.median);
    add_number(row, "bare_ns", r->bare.median);
    add_number(row, "same_kernels_ns", r->is->kind->same_kernels ? r->same_kernels.median : NAN);
    cJSON_AddItemToObject(row, "peers", cJSON_CreateObject());
    add_number(row, "mallocs_per_step", r->mallocs);
    add_number(row, "peak_bytes", r->peak_bytes);
}

void report_end(report *o, FILE *file, const char *path)
{
    char *text = file ? cJSON_Print(o->all) : NULL;
    bool failed = file && (!text || fprintf(file, "%s\n", text) < 0);
    if (file)
        failed |= fclose(file) != 0;
    if (failed)
        fail("%s cannot be written: %s", path, strerror(errno));
    cJSON_free(text);
    cJSON_Delete(o->all);
    free(o);
}
