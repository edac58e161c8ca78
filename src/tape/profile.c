/* Timing the calls of rules.
 *
 * A row is found by the texts of its operation and source line, and by the row and rule that it is
 * within: pointers would not do, since an operation or its tape may end before the profile. The
 * calls that are running stand in a list, the innermost last; what it takes is not the time of those
 * around it. */
#define _POSIX_C_SOURCE 200809L

#include "tape/profile.h"

#include "base/arena.h"
#include "tape/evaluation.h"
#include "tape/failure.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_RUNNING = 2 * AD_DEEPEST };

typedef struct row {
    ad_profile_row shown; /* first: others know the row by it */
    uint64_t hash;
} row;

typedef struct running {
    row *row;
    ad_rule rule;
    double start, inner; /* seconds: when it began, and what calls within it have taken */
} running;

struct ad_profile {
    const ad_allocator *allocator;
    ad_arena texts;  /* and rows */
    row **rows;      /* [capacity], used below count */
    uint32_t *slots; /* [2 * capacity], a hash of them: 1 and the row's number, or 0 */
    size_t count, capacity;
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
                          .texts.allocator = allocator,
                          .others.shown = {.size = sizeof(ad_profile_row), .op = "others"}};
    return p;
}

static void give_lists(ad_profile *p)
{
    ad_memory_give(p->allocator, p->rows, p->capacity * sizeof *p->rows);
    ad_memory_give(p->allocator, p->slots, 2 * p->capacity * sizeof *p->slots);
}

void ad_profile_free(ad_profile *p)
{
    if (!p)
        return;
    give_lists(p);
    ad_arena_return(&p->texts, (ad_arena_mark){0});
    ad_arena_trim(&p->texts);
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

static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; text && *text; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return (hash ^ !text) * 1099511628211u;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_row(const row *r, const row *key)
{
    return r->hash == key->hash && r->shown.within == key->shown.within &&
           r->shown.within_rule == key->shown.within_rule &&
           same_text(r->shown.op, key->shown.op) &&
           same_text(r->shown.source_line, key->shown.source_line);
}

/* The slot of the row, or the empty one where it belongs. */
static uint32_t *find_slot(const ad_profile *p, const row *key)
{
    size_t mask = 2 * p->capacity - 1, i = key->hash & mask;
    while (p->slots[i] && !same_row(p->rows[p->slots[i] - 1], key))
        i = (i + 1) & mask;
    return &p->slots[i];
}

static bool more_rows(ad_profile *p)
{
    size_t capacity = p->capacity ? 2 * p->capacity : 64;
    row **rows = ad_memory_take(p->allocator, capacity * sizeof *rows);
    uint32_t *slots = ad_memory_take(p->allocator, 2 * capacity * sizeof *slots);
    if (!rows || !slots) {
        ad_memory_give(p->allocator, rows, capacity * sizeof *rows);
        ad_memory_give(p->allocator, slots, 2 * capacity * sizeof *slots);
        return false;
    }
    memset(slots, 0, 2 * capacity * sizeof *slots);
    if (p->count)
        memcpy(rows, p->rows, p->count * sizeof *rows);
    give_lists(p);
    p->rows = rows;
    p->slots = slots;
    p->capacity = capacity;
    for (uint32_t i = 0; i < p->count; i++)
        *find_slot(p, rows[i]) = i + 1;
    return true;
}

/* A copy in the arena; NULL of NULL, and where memory ran out. */
static char *copy_text(ad_profile *p, const char *text)
{
    size_t bytes = text ? strlen(text) + 1 : 0;
    char *copy = bytes ? ad_arena_take(&p->texts, bytes, 1) : NULL;
    return copy ? memcpy(copy, text, bytes) : NULL;
}

static row *add_row(ad_profile *p, const row *key)
{
    if (p->count == p->capacity && !more_rows(p))
        return &p->others;
    row *r = ad_arena_take(&p->texts, sizeof *r, sizeof(void *));
    char *op = copy_text(p, key->shown.op), *line = copy_text(p, key->shown.source_line);
    if (!r || !op || (key->shown.source_line && !line))
        return &p->others;
    *r = *key;
    r->shown.op = op;
    r->shown.source_line = line;
    p->rows[p->count++] = r;
    *find_slot(p, r) = (uint32_t)p->count;
    return r;
}

static row *row_of(ad_profile *p, const ad_node *n)
{
    row key = {.shown = {.size = sizeof(ad_profile_row),
                         .op = n->op->name,
                         .source_line = n->source_line}};
    if (p->depth && p->depth <= MOST_RUNNING) {
        const running *outer = &p->list[p->depth - 1];
        key.shown.within = &outer->row->shown;
        key.shown.within_rule = outer->rule;
    }
    key.hash = hash_text(hash_text(14695981039346656037u, key.shown.op), key.shown.source_line) ^
               (uintptr_t)key.shown.within;
    uint32_t slot = p->capacity ? *find_slot(p, &key) : 0;
    return slot ? p->rows[slot - 1] : add_row(p, &key);
}

const ad_profile_row *ad_profile_at(const ad_profile *p, size_t i)
{
    if (!p || i > p->count)
        return NULL;
    bool lost = false;
    for (int rule = 0; rule < AD_RULE_COUNT; rule++)
        lost = lost || p->others.shown.calls[rule];
    return i < p->count ? &p->rows[i]->shown : lost ? &p->others.shown : NULL;
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
    for (uint32_t k = 1; k <= n->further; k++)
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
    size_t n = 0, bytes = (p->count + 1) * sizeof(ad_profile_row *);
    const ad_profile_row **rows = ad_memory_take(p->allocator, bytes);
    if (!rows)
        return AD_MEMORY;
    ad_profile_row all = {.op = "all"};
    for (; (rows[n] = ad_profile_at(p, n)); n++)
        add_up(&all, rows[n]);
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
    const ad_profile_row *r;
    if (!p || !out)
        return AD_MISUSE;
    for (size_t i = 0; (r = ad_profile_at(p, i)); i++)
        for (ad_rule rule = 0; rule < AD_RULE_COUNT; rule++)
            if (r->calls[rule]) {
                print_stack(r, rule, out);
                fprintf(out, " %.0f\n", 1e9 * r->seconds[rule]);
            }
    return written(out);
}
