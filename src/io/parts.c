/* Most parts are numbers at fixed places of a struct, in the table below. They are read into a
 * copy of the struct, which takes the place of the old one at the end. */
#include "io/parts.h"

#include "io/states.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST_NAME = 100 };

/* ---- numbers of a part -------------------------------------------------------------- */

typedef struct number_row {
    ad_part_kind kind;
    const char *suffix; /* to the part's name */
    ad_type type;
    int64_t count; /* 0: a single number */
    size_t offset; /* in the target */
} number_row;

/* Unsigned numbers are written as the signed ones of the same bits. */
static const number_row rows[] = {
    {AD_PART_INTEGER, "", AD_I64, 0, 0},
    {AD_PART_NUMBER, "", AD_F64, 0, 0},
    {AD_PART_RANDOM, "", AD_I64, 3, 0},
    {AD_PART_KEY, "", AD_I64, 2, 0},
    {AD_PART_PLATEAU, ".best", AD_F64, 0, offsetof(ad_plateau, best)},
    {AD_PART_PLATEAU, ".waited", AD_I64, 0, offsetof(ad_plateau, waited)},
    {AD_PART_PLATEAU, ".scale", AD_F64, 0, offsetof(ad_plateau, scale)},
    {AD_PART_LBFGS, ".pairs", AD_I32, 0, offsetof(ad_lbfgs_memory, pairs)},
    {AD_PART_LBFGS, ".next", AD_I32, 0, offsetof(ad_lbfgs_memory, next)},
    {AD_PART_STATES, ".steps", AD_I64, 0, offsetof(ad_states, steps)},
    {AD_PART_STATES, ".count", AD_I32, 0, offsetof(ad_states, count)},
};
enum { ROWS = sizeof rows / sizeof *rows, MOST_NUMBERS = 3 };

_Static_assert(sizeof(int) == sizeof(int32_t), "pairs, next and count are i32");
_Static_assert(sizeof(ad_random) == 24 && sizeof(ad_key) == 16, "they are lists of 64 bits");

/* The numbers of a row in a struct of the part's kind. */
static ad_array numbers_of(const number_row *row, void *target)
{
    return ad_array_of(row->type, (char *)target + row->offset,
                       row->count ? AD_SHAPE(row->count) : AD_SCALAR);
}

static void name_of(const ad_training_part *p, const char *suffix, char name[AD_FIELD_NAME_SIZE])
{
    snprintf(name, AD_FIELD_NAME_SIZE, "%s%s", p->name, suffix);
}

static ad_status list_numbers(const ad_training_part *p, ad_listing *l)
{
    for (const number_row *row = rows; row < rows + ROWS; row++)
        if (row->kind == p->kind) {
            char *name = ad_listing_name(l);
            name_of(p, row->suffix, name);
            ad_listing_add(l, name, ad_array_view(numbers_of(row, p->target)));
        }
    return AD_OK;
}

static ad_status read_numbers(ad_part_stage *s, ad_reading *r)
{
    char name[AD_FIELD_NAME_SIZE], owner[AD_FIELD_NAME_SIZE];
    ad_status status = AD_OK;
    snprintf(owner, sizeof owner, "the part \"%s\"", s->part->name);
    for (const number_row *row = rows; row < rows + ROWS && status == AD_OK; row++) {
        ad_array read, to = numbers_of(row, &s->value);
        int i;
        if (row->kind != s->part->kind)
            continue;
        name_of(s->part, row->suffix, name);
        status = ad_reading_find(r, name, &i);
        if (status == AD_OK)
            status = ad_reading_read(r, i, owner, &to, &read);
        if (status == AD_OK)
            ad_reading_place(&read, &to);
    }
    return status;
}

static void commit_numbers(ad_part_stage *s)
{
    for (const number_row *row = rows; row < rows + ROWS; row++)
        if (row->kind == s->part->kind) {
            ad_array to = numbers_of(row, s->part->target);
            ad_array_write(&to, ad_array_view(numbers_of(row, &s->value)), NULL);
        }
}

/* ---- structs of arrays -------------------------------------------------------------- */

static const char none[] = "none";

static bool holds_nothing(const ad_training_part *p)
{
    const ad_array *a = p->target;
    size_t empty = 0;
    while (empty < p->tree->arrays && !a[empty].data)
        empty++;
    return empty == p->tree->arrays;
}

static ad_status list_arrays(const ad_training_part *p, ad_listing *l)
{
    char prefix[AD_FIELD_NAME_SIZE], *key = ad_listing_name(l);
    name_of(p, ".arrays", key);
    name_of(p, ".", prefix);
    if (!holds_nothing(p))
        return ad_listing_add_fields(l, prefix, p->tree, p->target);
    ad_listing_add_pair(l, key, none);
    return AD_OK;
}

static ad_status read_arrays(ad_part_stage *s, ad_reading *r)
{
    char prefix[AD_FIELD_NAME_SIZE], key[AD_FIELD_NAME_SIZE];
    const ad_training_part *p = s->part;
    name_of(p, ".arrays", key);
    name_of(p, ".", prefix);
    const char *value = ad_safetensors_metadata(r->file, key);
    s->none = value && strcmp(value, none) == 0;
    return s->none ? AD_OK : ad_reading_fields(r, prefix, p->tree, p->target, &s->list);
}

static void commit_arrays(ad_part_stage *s)
{
    ad_array *to = s->part->target;
    for (size_t i = 0; s->none && i < s->part->tree->arrays; i++)
        ad_array_free(&to[i]);
    ad_reading_settle(&s->list, s->part->tree, to);
}

static void drop_arrays(ad_part_stage *s)
{
    ad_reading_settle(&s->list, s->part->tree, NULL);
}

/* ---- L-BFGS -------------------------------------------------------------------------- */

static const char *history_flaw(const ad_lbfgs_memory *m)
{
    const ad_shape *s = &m->room.shape;
    if (m->pairs == 0)
        return NULL;
    if (!m->room.data || m->room.type != AD_F64 || s->rank != 2 || s->dim[0] % 2)
        return "its room is not f64 [2 history, parameters]";
    return m->pairs < 0 || m->pairs > s->dim[0] / 2 || m->next < 0 || m->next >= s->dim[0] / 2
               ? "its pairs are not in the room"
               : NULL;
}

static ad_status list_lbfgs(const ad_training_part *p, ad_listing *l)
{
    const ad_lbfgs_memory *m = p->target;
    const char *flaw = history_flaw(m);
    if (flaw)
        return ad_fail(l->error, AD_MISUSE, "save: the part \"%s\": %s", p->name, flaw);
    char *name = ad_listing_name(l);
    name_of(p, ".room", name);
    list_numbers(p, l);
    if (m->pairs)
        ad_listing_add(l, name, ad_array_view(m->room));
    return AD_OK;
}

static ad_status read_lbfgs(ad_part_stage *s, ad_reading *r)
{
    char name[AD_FIELD_NAME_SIZE];
    ad_lbfgs_memory *m = &s->value.memory;
    int i;
    ad_status status = read_numbers(s, r);
    name_of(s->part, ".room", name);
    if (status == AD_OK && m->pairs)
        status = ad_reading_find(r, name, &i);
    if (status == AD_OK && m->pairs)
        status = ad_reading_read(r, i, "", &(ad_array){.data = NULL}, &m->room);
    const char *flaw = status == AD_OK ? history_flaw(m) : NULL;
    return flaw ? ad_fail(r->error, AD_FORMAT, "%s: %s: %s", r->name, s->part->name, flaw) : status;
}

static void commit_lbfgs(ad_part_stage *s)
{
    ad_lbfgs_memory *m = s->part->target;
    ad_lbfgs_free(m);
    *m = s->value.memory;
}

/* ---- texts --------------------------------------------------------------------------- */

static ad_status list_text(const ad_training_part *p, ad_listing *l)
{
    if (!memchr(p->target, '\0', p->room))
        return ad_fail(l->error, AD_MISUSE,
                       "save: the part \"%s\": the text has no end in its room", p->name);
    ad_listing_add_pair(l, p->name, p->target);
    return AD_OK;
}

static ad_status read_text(ad_part_stage *s, ad_reading *r)
{
    const ad_training_part *p = s->part;
    s->text = ad_safetensors_metadata(r->file, p->name);
    if (!s->text)
        return ad_fail(r->error, AD_FORMAT, "%s: there is no text %s in the metadata", r->name,
                       p->name);
    if (strlen(s->text) >= p->room)
        return ad_fail(r->error, AD_TOO_LARGE,
                       "%s: the text %s needs %zu bytes, but its room has %zu", r->name, p->name,
                       strlen(s->text) + 1, p->room);
    return AD_OK;
}

static void commit_text(ad_part_stage *s)
{
    memcpy(s->part->target, s->text, strlen(s->text) + 1);
}

/* ---- states -------------------------------------------------------------------------- */

static ad_status list_states(const ad_training_part *p, ad_listing *l)
{
    list_numbers(p, l);
    return ad_list_states(p, l);
}

ad_status ad_part_read_states(ad_part_stage *s, ad_reading *r, const ad_part_stage *stages, int n)
{
    const ad_array *read = NULL;
    bool empty = false;
    if (s->part->kind != AD_PART_STATES)
        return AD_OK;
    for (int i = 0; i < n; i++)
        if (stages[i].part->kind == AD_PART_ARRAYS && stages[i].part->target == s->part->model) {
            read = stages[i].list.data;
            empty = stages[i].none;
        }
    ad_status status = read_numbers(s, r);
    ad_saved_states saved = {s->value.states.count, s->value.states.steps, read, empty};
    s->value.states = (ad_states){.optimiser = NULL};
    return status == AD_OK ? ad_read_states(s->part, r, &saved, &s->value.states) : status;
}

static void commit_states(ad_part_stage *s)
{
    ad_states *states = s->part->target;
    ad_states_free(states);
    *states = s->value.states;
}

/* ---- kinds --------------------------------------------------------------------------- */

typedef struct kind {
    ad_status (*list)(const ad_training_part *p, ad_listing *l);
    ad_status (*read)(ad_part_stage *s, ad_reading *r);
    void (*commit)(ad_part_stage *s);
    void (*drop)(ad_part_stage *s); /* NULL: nothing is to be ended */
} kind;

static ad_status read_later(ad_part_stage *s, ad_reading *r)
{
    (void)s, (void)r;
    return AD_OK;
}

static void drop_lbfgs(ad_part_stage *s)
{
    ad_lbfgs_free(&s->value.memory);
}

static void drop_states(ad_part_stage *s)
{
    ad_states_free(&s->value.states);
}

static const kind kinds[AD_PART_COUNT] = {
    [AD_PART_ARRAYS] = {list_arrays, read_arrays, commit_arrays, drop_arrays},
    [AD_PART_STATES] = {list_states, read_later, commit_states, drop_states},
    [AD_PART_LBFGS] = {list_lbfgs, read_lbfgs, commit_lbfgs, drop_lbfgs},
    [AD_PART_PLATEAU] = {list_numbers, read_numbers, commit_numbers, NULL},
    [AD_PART_RANDOM] = {list_numbers, read_numbers, commit_numbers, NULL},
    [AD_PART_KEY] = {list_numbers, read_numbers, commit_numbers, NULL},
    [AD_PART_INTEGER] = {list_numbers, read_numbers, commit_numbers, NULL},
    [AD_PART_NUMBER] = {list_numbers, read_numbers, commit_numbers, NULL},
    [AD_PART_TEXT] = {list_text, read_text, commit_text, NULL},
};

ad_status ad_part_list(const ad_training_part *p, ad_listing *l)
{
    return kinds[p->kind].list(p, l);
}

ad_status ad_part_read(ad_part_stage *s, ad_reading *r)
{
    return kinds[s->part->kind].read(s, r);
}

void ad_part_commit(ad_part_stage *s)
{
    kinds[s->part->kind].commit(s);
}

void ad_part_drop(ad_part_stage *s)
{
    if (kinds[s->part->kind].drop)
        kinds[s->part->kind].drop(s);
}

/* ---- what a part needs ---------------------------------------------------------------- */

size_t ad_part_views(const ad_training_part *p)
{
    size_t arrays = p->tree ? p->tree->arrays : 1;
    if (p->kind == AD_PART_STATES)
        arrays *= (size_t)((const ad_states *)p->target)->count;
    return arrays + MOST_NUMBERS;
}

size_t ad_part_pairs(const ad_training_part *p)
{
    return 1 + (p->kind == AD_PART_STATES ? p->tree->arrays : 0);
}

static const char *name_flaw(const char *name)
{
    if (!name || !*name)
        return "it has no name";
    if (strlen(name) > LONGEST_NAME)
        return "its name is longer than 100 bytes";
    if (strpbrk(name, ".[]"))
        return "its name has a '.', '[' or ']'";
    return strcmp(name, "format") == 0 || strcmp(name, "version") == 0
               ? "its name is that of something else in the file"
               : NULL;
}

static bool count_is_possible(const ad_states *states)
{
    return states->count >= 0 && states->count <= AD_MAX_STATES;
}

const char *ad_part_flaw(const ad_training_part *p)
{
    bool fields = p->kind == AD_PART_ARRAYS || p->kind == AD_PART_STATES;
    if ((unsigned)p->kind >= AD_PART_COUNT)
        return "it is of no kind";
    const char *flaw = name_flaw(p->name);
    if (!flaw && (!p->target || (p->kind == AD_PART_STATES && !p->model)))
        flaw = "a pointer is NULL";
    if (!flaw && fields)
        flaw = ad_tree_missing(p->tree, true);
    if (!flaw && p->kind == AD_PART_STATES && !count_is_possible(p->target))
        flaw = "the number of states is out of its range";
    return flaw;
}
