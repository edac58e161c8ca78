/* Records a function of operands. Its result must be on the tape, and everything that the tape
 * held before must stay. */
#include "derivatives/record.h"

#include "array/strided.h"
#include "tape/evaluation.h"
#include "tape/leaf.h"

#include <limits.h>

/* ---- subjects ----------------------------------------------------------------------- */

const ad_subject *ad_subject_list(ad_subject *s, const char *name, ad_tape *t, ad_function *f,
                                  int n, const ad_view *x, const void *env)
{
    *s = (ad_subject){.name = name, .tape = t, .n = n, .of_list = f, .env = env};
    s->x.views = x;
    s->tree = ad_list_describe(&s->list, "x", n);
    return s;
}

const ad_subject *ad_subject_model(ad_subject *s, const char *name, const ad_tree *tree, ad_tape *t,
                                   ad_model_function *f, const void *model, const void *env)
{
    *s = (ad_subject){.name = name, .tape = t, .tree = tree, .of_model = f, .env = env};
    s->x.arrays = model;
    s->n = tree ? (int)tree->arrays : 1;
    return s;
}

bool ad_good_call(ad_tape *t, const char *name, bool complete, int n, int count)
{
    const char *wrong = NULL;
    if (!complete)
        wrong = "an argument is NULL";
    else if (n < 1)
        wrong = "there must be at least one operand";
    else if (count < 1)
        wrong = "there must be at least one direction";
    else if (count >= INT_MAX / n)
        wrong = "too many directions";
    if (wrong)
        ad_tape_fail(t, AD_MISUSE, "%s: %s", name, wrong);
    return !wrong && ad_tape_status(t) == AD_OK;
}

static bool good_subject(const ad_subject *s, bool complete, int count)
{
    bool function = s->of_list || s->of_model || s->of_map;
    bool whole = s->tree && function && (s->x.views || s->x.arrays);
    return ad_good_call(s->tape, s->name, whole && complete, s->n, count);
}

/* ---- records ------------------------------------------------------------------------ */

/* Watched leaves for the operands, on the tape. NULL with an error. */
static ad_tensor *watch_all(const ad_subject *s)
{
    size_t room = (size_t)s->n + (size_t)s->inputs;
    ad_tensor *leaves = ad_tape_memory(s->tape, room * sizeof *leaves);
    if (leaves && s->x.arrays)
        ad_model_watch(s->tree, s->tape, s->x.arrays, leaves);
    for (int i = 0; leaves && s->x.views && i < s->n; i++)
        leaves[i] = ad_watch(s->tape, s->x.views[i]);
    return ad_tape_status(s->tape) == AD_OK ? leaves : NULL;
}

static ad_tensor call(const ad_subject *s, ad_tape *t, const ad_tensor *x)
{
    if (s->of_list)
        return s->of_list(t, x, s->env);
    return s->of_map ? s->of_map(t, x, x + s->n, s->env) : s->of_model(t, x, s->env);
}

bool ad_record_evaluate(ad_record *r)
{
    ad_evaluation e;
    if (!ad_evaluation_begin(r->tape, r->subject->name, &e))
        return false;
    r->y = call(r->subject, r->tape, r->x);
    ad_evaluation_end(r->tape, &e);
    return ad_result_lives(r->tape, r->name, "the function's result", r->y);
}

bool ad_record_open(ad_record *r, const ad_subject *s, bool complete, int count)
{
    if (!good_subject(s, complete, count))
        return false;
    *r = (ad_record){.subject = s, .name = s->name, .tape = s->tape, .n = s->n};
    r->start = ad_tape_mark(s->tape);
    r->x = watch_all(s);
    if (!r->x)
        ad_tape_rewind(r->start);
    return r->x;
}

/* What the function evaluates on the tape may take back gradients and tangents that directions are views of. What is
 * wrong with a direction is said when it is set. */
static bool keep(const ad_record *r, int count, ad_numbers *tx)
{
    ad_tape *t = r->tape;
    if (!t->buffers.used)
        return true;
    int n = r->n * count;
    ad_view *kept = ad_tape_memory(t, (size_t)n * sizeof *kept);
    bool good = kept;
    for (int i = 0; good && i < n; i++) {
        char flaw[256];
        size_t numbers;
        kept[i] = tx->arrays ? ad_array_view(tx->arrays[i]) : tx->views[i];
        if (kept[i].data && ad_type_size(kept[i].type) &&
            ad_view_flaw(&kept[i], &numbers, flaw, sizeof flaw) == AD_OK)
            good = ad_leaf_keep(t, numbers, &kept[i]);
    }
    *tx = (ad_numbers){.views = kept};
    return good;
}

bool ad_record_begin_along(ad_record *r, const ad_subject *s, bool complete, int count,
                           ad_numbers *tx)
{
    if (!ad_record_open(r, s, complete, count))
        return false;
    bool good = (!tx || keep(r, count, tx)) && ad_record_evaluate(r);
    if (!good)
        ad_tape_rewind(r->start);
    return good;
}

bool ad_record_begin(ad_record *r, const ad_subject *s, bool complete, int count)
{
    return ad_record_begin_along(r, s, complete, count, NULL);
}

ad_status ad_record_end(const ad_record *r)
{
    ad_tape_rewind(r->start);
    return ad_tape_status(r->tape);
}

ad_view ad_record_value(const ad_record *r)
{
    const ad_node *n = r->tape->nodes[ad_tensor_index(r->y)];
    ad_array own = ad_array_of((ad_type)n->type, NULL, ad_node_shape(n));
    if (n->op && !n->op->view)
        return ad_read(r->y);
    own.data = ad_tape_memory(r->tape, ad_node_bytes(n));
    if (own.data)
        ad_array_write(&own, ad_read(r->y), NULL);
    return ad_array_view(own);
}

bool ad_record_push(const ad_record *r, int count, ad_numbers tx)
{
    bool good = true;
    for (int i = 0; good && i < r->n; i++) {
        ad_view one = tx.arrays ? ad_array_view(tx.arrays[i]) : tx.views[i * count];
        good =
            ad_set_tangent_many(r->x[i], count, tx.arrays ? &one : &tx.views[i * count]) == AD_OK;
    }
    return good && ad_push_tangents(r->y) == AD_OK;
}

ad_view *ad_record_read(const ad_record *r, int count, ad_reader *read)
{
    int n = r->n * count;
    ad_view *from = ad_tape_memory(r->tape, (size_t)n * sizeof *from);
    for (int i = 0; from && i < n; i++)
        from[i] = read(r->x[i / count], i % count);
    return from;
}
