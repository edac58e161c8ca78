/* Timing the calls of rules.
 *
 * A row is found by the texts of its operation and source line, and by the row and rule that it is
 * within: pointers would not do, since an operation or its tape may end before the profile. The
 * calls that are running stand in a list, the innermost last; what it takes is not the time of those
 * around it. */
#define _POSIX_C_SOURCE 200809L

#include "tape/profile.h"

#include "base/arena.h"
#include "base/hash.h"
#include "tape/evaluation.h"
#include "tape/failure.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_RUNNING = 2 * AD_DEEPEST };

/* What tells rows apart: where they are within, and the texts one after the other, each with its end.
 * There is no second text if the source line is not known. */
typedef struct key {
    const ad_profile_row *within;
    uint64_t within_rule;
    char texts[];
} key;

typedef struct row {
    ad_profile_row shown; /* first: others know the row by it */
    UT_hash_handle hh;
    key *key;
} row;

typedef struct running {
    row *row;
    ad_rule rule;
    double start, inner; /* seconds: when it began, and what calls within it have taken */
} running;

struct ad_profile {
    const ad_allocator *allocator;
    ad_arena memory; /* of rows and keys */
    row *rows;       /* a hash, in the order of first calls */
    row others;
    size_t depth; /* of running calls; only MOST_RUNNING are in the list */
    running list[MOST_RUNNING];
};

/* ---- life ---------------------------------------------------------------------------- */

ad_profile *ad_profile_new(const ad_allocator *allocator)
{
    ad_profile *p = ad_memory_take(allocator, sizeof *p);
    if (p)
        *p = (ad_profile){.allocator = allocator,
                          .memory.allocator = allocator,
                          .others.shown = {.size = sizeof(ad_profile_row), .op = "others"}};
    return p;
}

AD_HASH_BEGIN
static void clear(ad_profile *p)
{
    const ad_allocator *allocator = p->allocator;
    HASH_CLEAR(hh, p->rows);
}

/* False when memory ran out. */
static bool insert(ad_profile *p, row *r, size_t bytes)
{
    const ad_allocator *allocator = p->allocator;
    HASH_ADD_KEYPTR(hh, p->rows, r->key, bytes, r);
    return ad_hashed(r);
}

static row *find(const ad_profile *p, const key *k, size_t bytes)
{
    row *r;
    HASH_FIND(hh, p->rows, k, bytes, r);
    return r;
}
AD_HASH_END

void ad_profile_free(ad_profile *p)
{
    if (!p)
        return;
    clear(p);
    ad_arena_return(&p->memory, (ad_arena_mark){0});
    ad_arena_trim(&p->memory);
    ad_memory_give(p->allocator, p, sizeof *p);
}

void ad_tape_profile(ad_tape *t, ad_profile *p)
{
    if (!t || !ad_tape_take_over(t, "profile"))
        return;
    t->profile = p;
    ad_tape_leave(t);
}

/* ---- rows ---------------------------------------------------------------------------- */

/* The key of a row of n at this moment. NULL when memory ran out. */
static key *key_of(ad_profile *p, const ad_node *n, size_t *bytes)
{
    const char *op = n->op->name, *line = n->source_line;
    size_t first = strlen(op) + 1, second = line ? strlen(line) + 1 : 0;
    *bytes = sizeof(key) + first + second;
    key *k = ad_arena_take(&p->memory, *bytes, sizeof(void *));
    if (!k)
        return NULL;
    *k = (key){NULL, 0};
    if (p->depth && p->depth <= MOST_RUNNING) {
        const running *outer = &p->list[p->depth - 1];
        *k = (key){&outer->row->shown, outer->rule};
    }
    memcpy(k->texts, op, first);
    if (line)
        memcpy(k->texts + first, line, second);
    return k;
}

static row *add_row(ad_profile *p, key *k, size_t bytes)
{
    size_t first = strlen(k->texts) + 1;
    row *r = ad_arena_take(&p->memory, sizeof *r, sizeof(void *));
    if (!r)
        return &p->others;
    *r = (row){.shown = {.size = sizeof(ad_profile_row),
                         .op = k->texts,
                         .source_line = bytes > sizeof(key) + first ? k->texts + first : NULL,
                         .within = k->within,
                         .within_rule = (ad_rule)k->within_rule},
               .key = k};
    return insert(p, r, bytes) ? r : &p->others;
}

static row *row_of(ad_profile *p, const ad_node *n)
{
    size_t bytes;
    ad_arena_mark start = ad_arena_here(&p->memory);
    key *k = key_of(p, n, &bytes);
    row *r = k ? find(p, k, bytes) : &p->others;
    if (!r)
        return add_row(p, k, bytes);
    ad_arena_return(&p->memory, start);
    return r;
}

/* The row after r, the first after NULL; the others come last, if there are any. */
static const row *next_row(const ad_profile *p, const row *r)
{
    const row *next = r ? r->hh.next : p->rows;
    bool lost = false;
    for (int rule = 0; rule < AD_RULE_COUNT; rule++)
        lost = lost || p->others.shown.calls[rule];
    return next ? next : lost && r != &p->others ? &p->others : NULL;
}

const ad_profile_row *ad_profile_at(const ad_profile *p, size_t i)
{
    const row *r = p ? next_row(p, NULL) : NULL;
    while (r && i-- > 0)
        r = next_row(p, r);
    return r ? &r->shown : NULL;
}

/* ---- calls --------------------------------------------------------------------------- */

static double now(void)
{
    struct timespec t = {0};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void ad_profile_enter(ad_tape *t, ad_rule rule, const ad_node *n)
{
    ad_profile *p = t->profile;
    if (p->depth < MOST_RUNNING) {
        row *r = row_of(p, n);
        p->list[p->depth] = (running){.row = r, .rule = rule, .start = now()};
    }
    p->depth++;
}

/* The results of a forward kernel stand behind the values that count. */
static uint64_t bytes_of(const ad_tape *t, const ad_node *n)
{
    uint64_t bytes = ad_node_bytes(n);
    for (uint32_t k = 1; k < ad_node_results(n); k++)
        bytes += ad_node_bytes(t->nodes[t->count + k]);
    return bytes;
}

void ad_profile_leave(ad_tape *t, const ad_node *n)
{
    double end = now();
    ad_profile *p = t->profile;
    if (p->depth-- > MOST_RUNNING)
        return;
    const running *c = &p->list[p->depth];
    ad_profile_row *r = &c->row->shown;
    if (p->depth)
        p->list[p->depth - 1].inner += end - c->start;
    r->seconds[c->rule] += end - c->start - c->inner;
    r->calls[c->rule]++;
    if (c->rule == AD_RULE_FORWARD)
        r->bytes += bytes_of(t, n);
}

/* ---- the table ----------------------------------------------------------------------- */

static const char *const rule_names[AD_RULE_COUNT] = {"forward", "pullback", "jvp", "curvature"};

static double total_of(const ad_profile_row *r)
{
    double total = 0;
    for (int rule = 0; rule < AD_RULE_COUNT; rule++)
        total += r->seconds[rule];
    return total;
}

static int longest_first(const void *a, const void *b)
{
    double x = total_of(*(const ad_profile_row *const *)a);
    double y = total_of(*(const ad_profile_row *const *)b);
    return (x < y) - (x > y);
}

/* What has run, in all rows. */
static void add_up(ad_profile_row *all, const ad_profile_row *r)
{
    for (int rule = 0; rule < AD_RULE_COUNT; rule++) {
        all->seconds[rule] += r->seconds[rule];
        all->calls[rule] += r->calls[rule];
    }
    all->bytes += r->bytes;
}

static void print_head(const ad_profile_row *all, FILE *out)
{
    fputs(" share", out);
    for (int rule = 0; rule < AD_RULE_COUNT; rule++)
        if (all->calls[rule])
            fprintf(out, "  %9s ms %9s", rule_names[rule], "calls");
    fprintf(out, "  %10s  operation\n", "MB");
}

/* The columns are those of the rules that have run at all. */
static void print_numbers(const ad_profile_row *r, const ad_profile_row *all, FILE *out)
{
    double total = total_of(all);
    fprintf(out, "%5.1f%%", total > 0 ? 100 * total_of(r) / total : 0.);
    for (int rule = 0; rule < AD_RULE_COUNT; rule++)
        if (r->calls[rule])
            fprintf(out, "  %12.3f %9" PRIu64, 1e3 * r->seconds[rule], r->calls[rule]);
        else if (all->calls[rule])
            fprintf(out, "  %12s %9s", "-", "-");
    fprintf(out, "  %10.2f  ", 1e-6 * (double)r->bytes);
}

static void print_place(const ad_profile_row *r, FILE *out)
{
    fprintf(out, "%s%s%s", r->op, AD_ITS_LINE(r->source_line));
    for (; r->within; r = r->within)
        fprintf(out, ", within %s of %s%s%s", rule_names[r->within_rule], r->within->op,
                AD_ITS_LINE(r->within->source_line));
    fputc('\n', out);
}

static ad_status written(FILE *out)
{
    return ferror(out) ? AD_FILE : AD_OK;
}

ad_status ad_profile_print(const ad_profile *p, FILE *out)
{
    if (!p || !out)
        return AD_MISUSE;
    size_t n = 0, bytes = (HASH_COUNT(p->rows) + 1) * sizeof(ad_profile_row *);
    const ad_profile_row **rows = ad_memory_take(p->allocator, bytes);
    if (!rows)
        return AD_MEMORY;
    ad_profile_row all = {.op = "all"};
    for (const row *r = NULL; (r = next_row(p, r)); n++)
        add_up(&all, rows[n] = &r->shown);
    qsort(rows, n, sizeof *rows, longest_first);
    print_head(&all, out);
    for (size_t i = 0; i < n; i++) {
        print_numbers(rows[i], &all, out);
        print_place(rows[i], out);
    }
    print_numbers(&all, &all, out);
    print_place(&all, out);
    ad_memory_give(p->allocator, rows, bytes);
    return written(out);
}

/* ---- stacks -------------------------------------------------------------------------- */

/* A semicolon would end the frame, and a line break the stack. */
static void print_frame(const char *text, FILE *out)
{
    for (; *text; text++)
        fputc(*text == ';' ? ',' : (unsigned char)*text < ' ' ? ' ' : *text, out);
}

static void print_stack(const ad_profile_row *r, ad_rule rule, FILE *out)
{
    if (r->within) {
        print_stack(r->within, r->within_rule, out);
        fputc(';', out);
    }
    fprintf(out, "%s;", rule_names[rule]);
    if (r->source_line) {
        print_frame(r->source_line, out);
        fputc(';', out);
    }
    print_frame(r->op, out);
}

ad_status ad_profile_print_stacks(const ad_profile *p, FILE *out)
{
    if (!p || !out)
        return AD_MISUSE;
    for (const row *r = NULL; (r = next_row(p, r));)
        for (ad_rule rule = 0; rule < AD_RULE_COUNT; rule++)
            if (r->shown.calls[rule]) {
                print_stack(&r->shown, rule, out);
                fprintf(out, " %.0f\n", 1e9 * r->shown.seconds[rule]);
            }
    return written(out);
}
