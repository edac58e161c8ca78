/* The numbers of a model as one piece of memory. */
#include "mpi/fields.h"

#include <string.h>

static const ad_array *arrays_of(const void *model)
{
    return model;
}

/* Calls visit with the path of each array; the model stays as it is. */
static ad_status visit_all(const ad_tree *tree, const void *model, ad_visitor *visit, void *user)
{
    return ad_model_visit(tree, (void *)(uintptr_t)model, visit, user);
}

ad_status ad_fields_given(const ad_tree *tree, const void *model, const char *verb, ad_error *error)
{
    if (tree && model && tree->size >= sizeof(ad_tree))
        return AD_OK;
    return ad_fail(error, AD_MISUSE, "%s: an argument is NULL", verb);
}

/* ---- packing --------------------------------------------------------------------------- */

typedef struct measuring {
    const char *verb;
    size_t f64, f32;
    ad_error *error;
} measuring;

static ad_status measure(void *user, const char *path, ad_array *a)
{
    measuring *p = user;
    if (!a->data)
        return ad_fail(p->error, AD_MISUSE, "%s: %s holds no array", p->verb, path);
    if (!ad_type_is_float(a->type))
        return ad_fail(p->error, AD_BAD_TYPE, "%s: %s is %s, not of a float type", p->verb, path,
                       ad_type_text(a->type));
    *(a->type == AD_F64 ? &p->f64 : &p->f32) += ad_array_count(a);
    return AD_OK;
}

static size_t whole_units(size_t bytes)
{
    return (bytes + AD_PACK_UNIT - 1) / AD_PACK_UNIT * AD_PACK_UNIT;
}

ad_status ad_packing_of(const ad_tree *tree, const void *model, size_t values, const char *verb,
                        ad_packing *p, ad_error *error)
{
    measuring sizes = {.verb = verb, .f64 = values, .error = error};
    ad_status status = visit_all(tree, model, measure, &sizes);
    p->f64 = whole_units(sizes.f64 * sizeof(double));
    p->bytes = p->f64 + whole_units(sizes.f32 * sizeof(float));
    return status;
}

void ad_packed_arrays(const ad_tree *tree, const void *model, size_t values, const ad_packing *p,
                      char *packed, ad_array *arrays)
{
    size_t f64 = values * sizeof(double), f32 = p->f64;
    for (size_t i = 0; i < tree->arrays; i++) {
        const ad_array *a = &arrays_of(model)[i];
        size_t *at = a->type == AD_F64 ? &f64 : &f32;
        arrays[i] = ad_array_of(a->type, packed + *at, a->shape);
        *at += ad_array_count(a) * ad_type_size(a->type);
    }
}

/* ---- numbers --------------------------------------------------------------------------- */

/* x - x is 0, and NaN for an infinity and a NaN. */
#define FINITE(T, name)                    \
    static bool name(size_t n, const T *x) \
    {                                      \
        int wrong = 0;                     \
        for (size_t i = 0; i < n; i++)     \
            wrong |= !(x[i] - x[i] == 0);  \
        return !wrong;                     \
    }
FINITE(float, finite_f32)
FINITE(double, finite_f64)
#undef FINITE

bool ad_numbers_finite(const char *numbers, size_t f64, size_t bytes)
{
    return finite_f64(f64 / sizeof(double), (const void *)numbers) &&
           finite_f32((bytes - f64) / sizeof(float), (const void *)(numbers + f64));
}

typedef struct looking {
    const char *verb;
    ad_error *error;
} looking;

static ad_status look(void *user, const char *path, ad_array *a)
{
    const looking *p = user;
    size_t n = ad_array_count(a);
    if (a->type == AD_F64 ? finite_f64(n, a->data) : finite_f32(n, a->data))
        return AD_OK;
    return ad_fail(p->error, AD_NOT_FINITE, "%s: %s has an infinity or a NaN", p->verb, path);
}

ad_status ad_fields_finite(const ad_tree *tree, const void *model, const char *verb,
                           ad_error *error)
{
    return visit_all(tree, model, look, &(looking){verb, error});
}

/* ---- kinds ----------------------------------------------------------------------------- */

/* Eight bytes at a time, FNV-1a's prime, and the high half folded into the low one. */
static uint64_t mix(uint64_t digest, const void *data, size_t bytes)
{
    const char *from = data;
    for (size_t at = 0; at < bytes; at += sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, from + at, bytes - at < sizeof word ? bytes - at : sizeof word);
        digest = (digest ^ word) * 0x100000001b3u;
        digest ^= digest >> 32;
    }
    return digest;
}

void ad_field_kinds(const ad_tree *tree, const void *model, bool bits, ad_field_kind *kinds)
{
    memset(kinds, 0, tree->arrays * sizeof *kinds);
    for (size_t i = 0; i < tree->arrays; i++) {
        const ad_array *a = &arrays_of(model)[i];
        kinds[i].type = (int32_t)a->type;
        kinds[i].rank = a->shape.rank;
        for (int k = 0; k < a->shape.rank && k < AD_MAX_RANK; k++)
            kinds[i].dim[k] = a->shape.dim[k];
        if (bits)
            kinds[i].bits = mix(1, a->data, ad_array_count(a) * ad_type_size(a->type));
    }
}

uint64_t ad_kinds_digest(const ad_field_kind *kinds, size_t count)
{
    return mix(count + 1, kinds, count * sizeof *kinds);
}

typedef struct comparison {
    const char *verb;
    const ad_field_kind *own, *first;
    size_t at;
    ad_error *error;
} comparison;

static ad_shape shape_of(const ad_field_kind *k)
{
    ad_shape s = {.rank = k->rank};
    memcpy(s.dim, k->dim, sizeof s.dim);
    return s;
}

static ad_status compare(void *user, const char *path, ad_array *a)
{
    comparison *c = user;
    size_t i = c->at++;
    char text[2][128];
    (void)a;
    if (memcmp(&c->own[i], &c->first[i], sizeof *c->own) == 0)
        return AD_OK;
    const ad_field_kind *own = &c->own[i], *first = &c->first[i];
    ad_shape mine = shape_of(own), other = shape_of(first);
    if (own->type != first->type)
        return ad_fail(c->error, AD_BAD_TYPE, "%s: %s is %s here, but %s on rank 0", c->verb, path,
                       ad_type_text((ad_type)own->type), ad_type_text((ad_type)first->type));
    if (!ad_shape_equal(&mine, &other))
        return ad_fail(c->error, AD_BAD_SHAPE, "%s: %s is %s here, but %s on rank 0", c->verb, path,
                       ad_shape_print(&mine, text[0], sizeof text[0]),
                       ad_shape_print(&other, text[1], sizeof text[1]));
    return ad_fail(c->error, AD_DIFFERENT, "%s: %s has other numbers than on rank 0", c->verb,
                   path);
}

void ad_kinds_differ(const ad_tree *tree, const void *model, const char *verb,
                     const ad_field_kind *own, const ad_field_kind *first, ad_error *error)
{
    visit_all(tree, model, compare, &(comparison){verb, own, first, 0, error});
}

/* ---- results --------------------------------------------------------------------------- */

typedef struct making {
    ad_fresh *f;
    const ad_array *like;
    size_t at;
    const char *verb;
    ad_error *error;
} making;

static ad_status make(void *user, const char *path, ad_array *to)
{
    making *p = user;
    char text[2][128];
    const ad_array *like = &p->like[p->at];
    ad_array *made = &p->f->made[p->at++];
    if (!to->data) {
        *made = ad_array_new(to->allocator, like->type, like->shape);
        return made->data ? AD_OK
                          : ad_fail(p->error, AD_MEMORY, "%s: no memory for %s", p->verb, path);
    }
    if (to->type != like->type)
        return ad_fail(p->error, AD_BAD_TYPE, "%s: %s is %s, but %s in the result", p->verb, path,
                       ad_type_text(like->type), ad_type_text(to->type));
    if (!ad_shape_equal(&to->shape, &like->shape))
        return ad_fail(p->error, AD_BAD_SHAPE, "%s: %s is %s, but %s in the result", p->verb, path,
                       ad_shape_print(&like->shape, text[0], sizeof text[0]),
                       ad_shape_print(&to->shape, text[1], sizeof text[1]));
    return AD_OK;
}

ad_status ad_fresh_begin(ad_fresh *f, ad_mpi *m, const ad_tree *tree, const void *model,
                         void *target, const char *verb, ad_error *error)
{
    *f = (ad_fresh){tree, target, ad_ranks_take(m, tree->arrays, sizeof *f->made, error)};
    if (!f->made)
        return error->status;
    memset(f->made, 0, tree->arrays * sizeof *f->made);
    return ad_model_visit(tree, target, make, &(making){f, arrays_of(model), 0, verb, error});
}

void ad_fresh_write(ad_fresh *f, const ad_array *from)
{
    for (size_t i = 0; i < f->tree->arrays; i++) {
        ad_array *to = &f->target[i];
        if (f->made[i].data)
            *to = f->made[i];
        f->made[i].data = NULL;
        memcpy(to->data, from[i].data, ad_array_count(to) * ad_type_size(to->type));
    }
}

void ad_fresh_drop(ad_fresh *f)
{
    for (size_t i = 0; f->made && i < f->tree->arrays; i++)
        ad_array_free(&f->made[i]);
}
