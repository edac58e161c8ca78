/* Models: structs of parameters, and functions on all their fields at once.
 *
 *     AD_MODEL(dense, w, b);                                  two arrays
 *     AD_MODEL(mlp, (dense, hidden), (dense, output), scale); two models and an array
 *     AD_MODEL(deep, (dense, layer, 3), (ad_array, gain, 3)); arrays of them
 *
 * Each line stands at file scope and has up to 32 fields; a count is a constant, at least 1. (The
 * compiler says so.) The second one declares
 *
 *     mlp            struct of ad_array: for parameters, gradients, momenta
 *     mlp_tensors    struct of ad_tensor with the same fields: the model on a tape
 *     mlp_function   ad_tensor f(ad_tape *, const mlp_tensors *, const void *env)
 *     mlp_map        the same with inputs: f(t, tensors, const ad_tensor *x, env)
 *     mlp_tree       the description (tree.h), which the functions below read
 *
 * and the typed functions of AD_MODEL_BASICS: mlp_watch, mlp_gradient, mlp_step, .... Ask for more
 * with further lines at file scope:
 *
 *     AD_MODEL_DERIVATIVES(mlp);   (model_derivatives.h)  mlp_jvp, mlp_hessian, mlp_flatten, ...
 *     AD_MODEL_FUNCTIONS(mlp);     (functions.h)          mlp_gradient_node, mlp_checkpoint, ...
 *     AD_MODEL_CHECKS(mlp);        (check.h)              mlp_check_gradient, mlp_check_step
 *
 * A model has parameters only. Put other data into a struct around it.
 *
 * A struct that receives results may start as {0}. Its empty arrays are allocated: gradients
 * by the C library, or by the allocator in their own field; all others by the allocators of the
 * model's arrays. They are yours: end them with mlp_free. Results are written only if everything
 * succeeds.
 *
 * A typed function has the arguments of the general one below: mlp_copy(&model, &copy, &error) is
 * ad_model_copy(&mlp_tree, &model, &copy, &error). error may be NULL. */
#ifndef ADZE_MODEL_H
#define ADZE_MODEL_H

#include "adze/optimisers.h"
#include "adze/tape.h"
#include "adze/tree.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- on a tape ---------------------------------------------------------------------- */

/* Puts all arrays on the tape, as watched or as frozen leaves, labelled with their paths,
 * as "hidden.w". */
AD_API void ad_model_watch(const ad_tree *tree, ad_tape *t, const void *model, void *tensors);
AD_API void ad_model_freeze(const ad_tree *tree, ad_tape *t, const void *model, void *tensors);

/* Sweeps back from y and copies the gradients of all fields, which must be watched (AD_MISUSE
 * for a frozen one). dy is the cotangent of y; NULL if y has one element. The message
 * is on y's tape. */
AD_API ad_status ad_model_gradient(const ad_tree *tree, ad_tensor y, const ad_view *dy,
                                   const void *tensors, void *gradient);

/* Copies the gradients of all fields that the tape's last sweep has left. Use it after a sweep in
 * slices. AD_MISUSE before that sweep has ended. */
AD_API ad_status ad_model_collect(const ad_tree *tree, ad_tape *t, const void *tensors,
                                  void *gradient);

/* Computes f(model), of one element, and its gradient. Evaluates f on t, above the values that the
 * tape holds, and leaves the tape as it was. value may be NULL. */
typedef ad_tensor ad_model_function(ad_tape *t, const void *tensors, const void *env);
AD_API ad_status ad_model_value_with_gradient(const ad_tree *tree, ad_tape *t, ad_model_function *f,
                                              const void *model, const void *env, double *value,
                                              void *gradient);

/* A part of a mean, where several processes share it: the groups from begin to end - 1, a sum of the tree
 * (below). The value and its gradient are then the part's terms of the whole's. */
typedef struct ad_rows_part {
    size_t size;        /* sizeof(ad_rows_part) */
    int64_t rows;       /* of the whole */
    int64_t first;      /* what the whole calls the first row of the data, which hold those of the part */
    int64_t begin, end; /* of the groups */
} ad_rows_part;

/* How a function over rows goes through them. NULL: as if all but size were 0. */
typedef struct ad_rows_options {
    size_t size;    /* sizeof(ad_rows_options) */
    int64_t slice;  /* its rows, at most; 0: those that take 640 kB of data, but from 128 to 1024 */
    bool sum;       /* map returns the sum over its rows; the value is the sum over all */
    bool parallel;  /* the threads of the tape's pool share the slices: several call map at once */
    int64_t groups; /* of slices, at most; up to 2^20; 0: 64 */
    const ad_rows_part *part; /* NULL: all of it */
} ad_rows_options;

/* Computes the mean of map over all rows of the data, and its gradient, slice by slice:
 *
 *     value = sum over slices of (rows of the slice / all rows) map(model, the slice)
 *
 * data[0], ..., data[inputs - 1] have equally many rows, along their first axes: images, labels,
 * weights. map gets the model's tensors and, as x[0], ..., x[inputs - 1], the slice's rows of each,
 * frozen. It returns their mean, of one element. Slices are as equal as can be.
 *
 * Each slice is recorded, swept back and forgotten. So the tape holds one slice, which stays in the
 * cache, where the tape of a whole batch holds all rows: less memory, and less time where caches are
 * slow (docs/checkpointing.md has figures). Others call this accumulating over microbatches.
 *
 * The result is that of map on all rows, to rounding; the same bits if one slice holds all of them.
 * This needs a mean over rows to which each row adds by itself. So map must not normalise by moments
 * of the batch, compare rows with each other, or divide by a sum of weights or a count of labels in
 * the slice. A term of the parameters alone, such as a decay of weights, belongs into the mean; in a
 * sum it would count once a slice. Random operations draw the same numbers in every slice if they
 * have the same key: let a column of data number the rows, and derive the key from the first
 * (docs/checkpointing.md shows how).
 *
 * Gradients are added up in a fixed order. Group g of n begins with slice g slices / n, rounded down, and its slices are
 * added up one after another. The sum of the groups a to b - 1 is that of the groups a to m - 1 plus that of the groups m
 * to b - 1, where m = a + (b - a + 1) / 2, rounded down. So neither threads nor .parallel change a bit, nor
 * do processes that take a sum each (adze/mpi.h). On their way 1 + log2(n) gradients of n groups are
 * in memory at once, at most; with .parallel as many for each thread. With .parallel several threads call map, each on
 * a tape of its own, and the tape's allocator. A tape that is traced, polled or profiled does not share its slices.
 *
 * map must not use the caller's tape, and must keep no tensor from one slice to the next. Without
 * rows it is called once, with none, where a mean is NaN. value may be NULL. The tape stays as it
 * was. An error in map has the rows before its message. AD_BAD_SHAPE if the data differ in their
 * number of rows; AD_MISUSE if inputs < 1 or slice < 0. */
typedef ad_tensor ad_model_map(ad_tape *t, const void *tensors, const ad_tensor *x,
                               const void *env);
AD_API ad_status ad_model_value_with_gradient_over_rows(
    const ad_tree *tree, ad_tape *t, ad_model_map *map, const void *model, int inputs,
    const ad_view *data, const ad_rows_options *options, const void *env, double *value,
    void *gradient);

/* How these functions cut the rows: into how many slices, and these into how many groups. Of a part
 * it tells how the whole is cut. */
typedef struct ad_rows_cut {
    int64_t rows, slices, groups;
} ad_rows_cut;

AD_API ad_status ad_cut_rows(int inputs, const ad_view *data, const ad_rows_options *options,
                             ad_rows_cut *cut, ad_error *error);

/* How many rows lie before a group: so its rows are those from ad_rows_before(cut, g) on, up to
 * ad_rows_before(cut, g + 1) - 1. */
AD_API int64_t ad_rows_before(const ad_rows_cut *cut, int64_t group);

/* ---- all fields at once ------------------------------------------------------------- */

/* Makes a struct with the model's types and shapes, filled with 0. */
AD_API ad_status ad_model_like(const ad_tree *tree, const void *model, void *zeros,
                               ad_error *error);

/* Copies the model, numbers included. */
AD_API ad_status ad_model_copy(const ad_tree *tree, const void *model, void *copy, ad_error *error);

/* y += alpha x. If x and y differ: AD_BAD_SHAPE or AD_BAD_TYPE, naming the field. */
AD_API ad_status ad_model_axpy(const ad_tree *tree, double alpha, const void *x, void *y,
                               ad_error *error);

/* mean += share (x - mean). An empty mean becomes a copy of x, and so does any with a share of 1. With i counted
 * from 0:
 *
 *     gradients of several batches   mlp_average(1.0 / (i + 1), &gradient, &mean, &error);
 *     an average of weights (SWA)    mlp_average(1.0 / (i + 1), &model, &average, &error);
 *     one that fades (EMA)           mlp_average(1 - 0.999, &model, &average, &error);
 *
 * AD_DOMAIN if the share is not in [0, 1]; AD_BAD_SHAPE or AD_BAD_TYPE, naming the field. */
AD_API ad_status ad_model_average(const ad_tree *tree, double share, const void *x, void *mean,
                                  ad_error *error);

/* Scales all numbers by one factor, such that their norm, the root of the sum of all squares, is at
 * most max_norm to rounding. Where it is already, nothing changes. Sets *norm, which may be NULL, to the norm
 * before. No constant is added to it, and zeros stay zeros; squares neither over- nor underflow.
 * AD_NOT_FINITE, naming the field, for an infinity or a NaN: then nothing is written, and the step
 * is best left out. AD_MISUSE if max_norm is negative or NaN; an infinite one only measures. */
AD_API ad_status ad_model_clip_global_norm(const ad_tree *tree, void *gradient, double max_norm,
                                           double *norm, ad_error *error);

/* The same over a list of n >= 1 arrays. */
AD_API ad_status ad_clip_global_norm(int n, ad_array *x, double max_norm, double *norm,
                                     ad_error *error);

/* The same with a norm and a factor for each array. */
AD_API ad_status ad_model_clip_norm(const ad_tree *tree, void *gradient, double max_norm,
                                    ad_error *error);

/* Brings each number into [-most, most]; infinities, too. AD_NOT_FINITE, naming the field, for a NaN: then nothing
 * is written. AD_MISUSE if most is negative or NaN. */
AD_API ad_status ad_model_clip_value(const ad_tree *tree, void *gradient, double most,
                                     ad_error *error);

/* Frees all arrays and leaves them empty. model may be NULL. */
AD_API void ad_model_free(const ad_tree *tree, void *model);

/* Calls visit for every array, in the order of declaration, with its path: "hidden.w",
 * "layer[2].b". Stops at the first status other than AD_OK and returns it. */
typedef ad_status ad_visitor(void *user, const char *path, ad_array *a);
AD_API ad_status ad_model_visit(const ad_tree *tree, void *model, ad_visitor *visit, void *user);

/* Copies the model's P parameters into a vector, [P]: field after field in the order of
 * declaration, each row by row. All fields must be f32, or all f64 (AD_BAD_TYPE, naming the field).
 * An empty vector is allocated with the allocator of the model's first array. */
AD_API ad_status ad_model_flatten(const ad_tree *tree, const void *model, ad_array *vector,
                                  ad_error *error);

/* Copies a vector, [P], back into the model's arrays. The vector must be contiguous. */
AD_API ad_status ad_model_unflatten(const ad_tree *tree, ad_view vector, void *model,
                                    ad_error *error);

#ifdef __cplusplus
} /* extern "C" */
#endif

/* ---- the declaration ---------------------------------------------------------------- */

/* Compilers show where a macro of a system header is used, and not how it is made: so a mistake in a
 * declaration takes a few lines. (Define AD_ALL_WARNINGS to see what is made of it.) */
#if defined(__GNUC__) && !defined(AD_ALL_WARNINGS)
#pragma GCC system_header
#endif

#ifdef __cplusplus
#define AD_MODEL(m, ...)                                                                   \
    static_assert(AD_EACH_FIELD(AD_FIELD_FITS, m, __VA_ARGS__) true, AD_MODEL_FITS);       \
    static_assert(AD_EACH_FIELD(AD_FIELD_FORM, m, __VA_ARGS__) true, AD_MODEL_FORM);       \
    static_assert(AD_EACH_FIELD(AD_FIELD_SOME, m, __VA_ARGS__) true, AD_MODEL_SOME);       \
    AD_MODEL_TYPES(m, __VA_ARGS__)
#else
#define AD_MODEL(m, ...)                                                                   \
    _Static_assert(AD_EACH_FIELD(AD_FIELD_FITS, m, __VA_ARGS__) 1, AD_MODEL_FITS);         \
    _Static_assert(AD_EACH_FIELD(AD_FIELD_FORM, m, __VA_ARGS__) 1, AD_MODEL_FORM);         \
    _Static_assert(AD_EACH_FIELD(AD_FIELD_SOME, m, __VA_ARGS__) 1, AD_MODEL_SOME);         \
    AD_MODEL_TYPES(m, __VA_ARGS__)
#endif
#define AD_MODEL_FITS "AD_MODEL: more than 32 fields: make models of some, since models nest"
#define AD_MODEL_FORM "AD_MODEL: a field is name, (type, name) or (type, name, count)"
#define AD_MODEL_SOME "AD_MODEL: an array of fields needs a count of at least 1"

#define AD_MODEL_TYPES(m, ...)                                                             \
    typedef struct m {                                                                     \
        AD_EACH_FIELD(AD_FIELD_ARRAYS, m, __VA_ARGS__)                                     \
    } m;                                                                                   \
    typedef struct m##_tensors {                                                           \
        AD_EACH_FIELD(AD_FIELD_TENSORS, m, __VA_ARGS__)                                    \
    } m##_tensors;                                                                         \
    static const ad_field m##_fields[] = {AD_EACH_FIELD(AD_FIELD_ROW, m, __VA_ARGS__)};    \
    static const ad_tree m##_tree AD_UNUSED = {                                            \
        sizeof(ad_tree), #m, sizeof(m) / sizeof(ad_array), m##_fields,                     \
        sizeof m##_fields / sizeof *m##_fields};                                           \
    AD_MODEL_BASICS(m)                                                                     \
    struct m##_tensors

/* The typed functions of a model m, as one would write them by hand. */
#define AD_MODEL_BASICS(m)                                                                 \
    typedef ad_tensor m##_function(ad_tape *t, const m##_tensors *x, const void *env);     \
    typedef struct m##_call {                                                              \
        m##_function *f;                                                                   \
        const void *env;                                                                   \
    } m##_call;                                                                            \
    static inline AD_UNUSED ad_tensor m##_call_function(ad_tape *t, const void *x,         \
                                                        const void *call)                  \
    {                                                                                      \
        const m##_call *c = (const m##_call *)call;                                        \
        return c->f(t, (const m##_tensors *)x, c->env);                                    \
    }                                                                                      \
    static inline AD_UNUSED m##_tensors m##_watch(ad_tape *t, const m *model)              \
    {                                                                                      \
        m##_tensors x;                                                                     \
        ad_model_watch(&m##_tree, t, model, &x);                                           \
        return x;                                                                          \
    }                                                                                      \
    static inline AD_UNUSED m##_tensors m##_freeze(ad_tape *t, const m *model)             \
    {                                                                                      \
        m##_tensors x;                                                                     \
        ad_model_freeze(&m##_tree, t, model, &x);                                          \
        return x;                                                                          \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_gradient(ad_tensor y, const m##_tensors *x, m *gradient) \
    {                                                                                      \
        return ad_model_gradient(&m##_tree, y, NULL, x, gradient);                         \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_collect(ad_tape *t, const m##_tensors *x, m *gradient) \
    {                                                                                      \
        return ad_model_collect(&m##_tree, t, x, gradient);                                \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_value_with_gradient(                             \
        ad_tape *t, m##_function *f, const m *model, const void *env, double *value, m *gradient) \
    {                                                                                      \
        m##_call c = {f, env};                                                             \
        return ad_model_value_with_gradient(&m##_tree, t, f ? m##_call_function : NULL, model, &c, \
                                            value, gradient);                              \
    }                                                                                      \
    typedef ad_tensor m##_map(ad_tape *t, const m##_tensors *model, const ad_tensor *x,    \
                              const void *env);                                            \
    typedef struct m##_map_call {                                                          \
        m##_map *f;                                                                        \
        const void *env;                                                                   \
    } m##_map_call;                                                                        \
    static inline AD_UNUSED ad_tensor m##_call_map(ad_tape *t, const void *model,          \
                                                   const ad_tensor *x, const void *call)   \
    {                                                                                      \
        const m##_map_call *c = (const m##_map_call *)call;                                \
        return c->f(t, (const m##_tensors *)model, x, c->env);                             \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_value_with_gradient_over_rows(                   \
        ad_tape *t, m##_map *map, const m *model, int inputs, const ad_view *data,         \
        const ad_rows_options *options, const void *env, double *value, m *gradient)       \
    {                                                                                      \
        m##_map_call c = {map, env};                                                       \
        return ad_model_value_with_gradient_over_rows(&m##_tree, t, map ? m##_call_map : NULL, \
                                                      model, inputs, data, options, &c, value, \
                                                      gradient);                           \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_like(const m *model, m *zeros, ad_error *error)  \
    {                                                                                      \
        return ad_model_like(&m##_tree, model, zeros, error);                              \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_copy(const m *model, m *copy, ad_error *error)   \
    {                                                                                      \
        return ad_model_copy(&m##_tree, model, copy, error);                               \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_axpy(double alpha, const m *x, m *y, ad_error *error) \
    {                                                                                      \
        return ad_model_axpy(&m##_tree, alpha, x, y, error);                               \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_average(double share, const m *x, m *mean, ad_error *error) \
    {                                                                                      \
        return ad_model_average(&m##_tree, share, x, mean, error);                         \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_clip_global_norm(m *gradient, double max_norm,   \
                                                           double *norm, ad_error *error)  \
    {                                                                                      \
        return ad_model_clip_global_norm(&m##_tree, gradient, max_norm, norm, error);      \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_clip_norm(m *gradient, double max_norm, ad_error *error) \
    {                                                                                      \
        return ad_model_clip_norm(&m##_tree, gradient, max_norm, error);                   \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_clip_value(m *gradient, double most, ad_error *error) \
    {                                                                                      \
        return ad_model_clip_value(&m##_tree, gradient, most, error);                      \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_visit(m *model, ad_visitor *visit, void *user)   \
    {                                                                                      \
        return ad_model_visit(&m##_tree, model, visit, user);                              \
    }                                                                                      \
    static inline AD_UNUSED void m##_free(m *model)                                        \
    {                                                                                      \
        ad_model_free(&m##_tree, model);                                                   \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_step(ad_method method, const m *gradient,        \
                                               ad_states *states, m *model, ad_error *error) \
    {                                                                                      \
        return ad_model_step(&m##_tree, &method, gradient, states, model, error);          \
    }                                                                                      \
    static inline AD_UNUSED m *m##_states_at(const ad_states *states, int i)               \
    {                                                                                      \
        return (m *)ad_states_at(states, i);                                               \
    }

/* ---- the machinery of the declaration ----------------------------------------------- */

/* A field is written w, (type, name) or (type, name, count); w is short for (ad_array, w). */
#define AD_FIELD_ARRAYS(m, f) AD_FIELD_CALL(AD_FIELD_ARRAYS, m, AD_FIELD_FULL(f))
#define AD_FIELD_TENSORS(m, f) AD_FIELD_CALL(AD_FIELD_TENSORS, m, AD_FIELD_FULL(f))
#define AD_FIELD_ROW(m, f) AD_FIELD_CALL(AD_FIELD_ROW, m, AD_FIELD_FULL(f))

/* Whether all is well: conditions, each with an && behind it. What is wrong is left out elsewhere. */
#define AD_FIELD_FITS(m, f)
#define AD_FIELD_FITS_MANY 0 &&
#define AD_FIELD_FORM(m, f) AD_FIELD_CALL(AD_FIELD_FORM, m, AD_FIELD_FULL(f))
#define AD_FIELD_FORM_2(m, T, f)
#define AD_FIELD_FORM_3(m, T, f, n)
#define AD_FIELD_FORM_WRONG(...) 0 &&
#define AD_FIELD_FORM_EMPTY(...) 0 &&
#define AD_FIELD_FORM_MANY
#define AD_FIELD_SOME(m, f) AD_FIELD_CALL(AD_FIELD_SOME, m, AD_FIELD_FULL(f))
#define AD_FIELD_SOME_2(m, T, f)
#define AD_FIELD_SOME_3(m, T, f, n) ((n) > 0 ? 1 : 0) &&
#define AD_FIELD_SOME_WRONG(...)
#define AD_FIELD_SOME_EMPTY(...)
#define AD_FIELD_SOME_MANY
#define AD_FIELD_ARRAYS_WRONG(...)
#define AD_FIELD_ARRAYS_EMPTY(m, ...) ad_array no_name;
#define AD_FIELD_ARRAYS_MANY
#define AD_FIELD_TENSORS_WRONG(...)
#define AD_FIELD_TENSORS_EMPTY(m, ...) ad_tensor no_name;
#define AD_FIELD_TENSORS_MANY
#define AD_FIELD_ROW_WRONG(...)
#define AD_FIELD_ROW_EMPTY(m, ...) AD_FIELD_ROW_2(m, ad_array, no_name)
#define AD_FIELD_ROW_MANY

#define AD_FIELD_ARRAYS_2(m, T, f) T f;
#define AD_FIELD_ARRAYS_3(m, T, f, n) T f[(n) > 0 ? (n) : 1];
#define AD_FIELD_TENSORS_2(m, T, f) T##_tensors f;
#define AD_FIELD_TENSORS_3(m, T, f, n) T##_tensors f[(n) > 0 ? (n) : 1];
#define AD_FIELD_ROW_2(m, T, f) {sizeof(ad_field), #f, &T##_tree, 0},
#define AD_FIELD_ROW_3(m, T, f, n) {sizeof(ad_field), #f, &T##_tree, (n) > 0 ? (n) : 1},

#define AD_FIELD_CALL(DO, m, full) AD_EXPAND(AD_PASTE(DO, AD_PARTS full), (m, AD_STRIP full))
#define AD_EXPAND(DO, arguments) DO arguments
#define AD_STRIP(...) __VA_ARGS__
#define AD_PASTE(a, b) AD_PASTE_(a, b)
#define AD_PASTE_(a, b) a##_##b
#define AD_FIELD_FULL(f) AD_EXPAND(AD_PASTE(AD_FIELD_FULL, AD_IS_PAREN(f)), (f))
#define AD_FIELD_FULL_0(f) AD_EXPAND_NAME(AD_PASTE(AD_FIELD_NAME, AD_IS_PAREN(f())), (f))
#define AD_FIELD_FULL_1(f) f
#define AD_FIELD_NAME_0(f) (ad_array, f)
#define AD_FIELD_NAME_1(f) (f, f, f, f, f) /* f is empty */
#define AD_EXPAND_NAME(DO, arguments) DO arguments /* within an AD_EXPAND */
#define AD_IS_PAREN(f) AD_IS_PAREN_(AD_PAREN_PROBE f, 0, ~)
#define AD_IS_PAREN_(...) AD_SECOND(__VA_ARGS__)
#define AD_SECOND(a, b, ...) b
#define AD_PAREN_PROBE(...) ~, 1

/* The parts of a field: 2 or 3; WRONG; EMPTY, of which there are five. */
#define AD_PARTS(...) AD_PARTS_OF(__VA_ARGS__, WRONG, WRONG, WRONG, EMPTY, WRONG, 3, 2, WRONG, 0)
#define AD_PARTS_OF(_1, _2, _3, _4, _5, _6, _7, _8, n, ...) n

/* Applies DO(m, field) to up to 32 fields; of up to 64, to the first 32. */
#define AD_EACH_FIELD(DO, m, ...) AD_EACH_OF(AD_COUNT(__VA_ARGS__), DO, m, __VA_ARGS__)
#define AD_EACH_OF(n, DO, m, ...) AD_EACH_OF_(n, DO, m, __VA_ARGS__)
#define AD_EACH_OF_(n, DO, m, ...) AD_EACH_##n(DO, m, __VA_ARGS__)
#define AD_EACH_1(DO, m, f) DO(m, f)
#define AD_EACH_2(DO, m, f, ...) DO(m, f) AD_EACH_1(DO, m, __VA_ARGS__)
#define AD_EACH_3(DO, m, f, ...) DO(m, f) AD_EACH_2(DO, m, __VA_ARGS__)
#define AD_EACH_4(DO, m, f, ...) DO(m, f) AD_EACH_3(DO, m, __VA_ARGS__)
#define AD_EACH_5(DO, m, f, ...) DO(m, f) AD_EACH_4(DO, m, __VA_ARGS__)
#define AD_EACH_6(DO, m, f, ...) DO(m, f) AD_EACH_5(DO, m, __VA_ARGS__)
#define AD_EACH_7(DO, m, f, ...) DO(m, f) AD_EACH_6(DO, m, __VA_ARGS__)
#define AD_EACH_8(DO, m, f, ...) DO(m, f) AD_EACH_7(DO, m, __VA_ARGS__)
#define AD_EACH_9(DO, m, f, ...) DO(m, f) AD_EACH_8(DO, m, __VA_ARGS__)
#define AD_EACH_10(DO, m, f, ...) DO(m, f) AD_EACH_9(DO, m, __VA_ARGS__)
#define AD_EACH_11(DO, m, f, ...) DO(m, f) AD_EACH_10(DO, m, __VA_ARGS__)
#define AD_EACH_12(DO, m, f, ...) DO(m, f) AD_EACH_11(DO, m, __VA_ARGS__)
#define AD_EACH_13(DO, m, f, ...) DO(m, f) AD_EACH_12(DO, m, __VA_ARGS__)
#define AD_EACH_14(DO, m, f, ...) DO(m, f) AD_EACH_13(DO, m, __VA_ARGS__)
#define AD_EACH_15(DO, m, f, ...) DO(m, f) AD_EACH_14(DO, m, __VA_ARGS__)
#define AD_EACH_16(DO, m, f, ...) DO(m, f) AD_EACH_15(DO, m, __VA_ARGS__)
#define AD_EACH_17(DO, m, f, ...) DO(m, f) AD_EACH_16(DO, m, __VA_ARGS__)
#define AD_EACH_18(DO, m, f, ...) DO(m, f) AD_EACH_17(DO, m, __VA_ARGS__)
#define AD_EACH_19(DO, m, f, ...) DO(m, f) AD_EACH_18(DO, m, __VA_ARGS__)
#define AD_EACH_20(DO, m, f, ...) DO(m, f) AD_EACH_19(DO, m, __VA_ARGS__)
#define AD_EACH_21(DO, m, f, ...) DO(m, f) AD_EACH_20(DO, m, __VA_ARGS__)
#define AD_EACH_22(DO, m, f, ...) DO(m, f) AD_EACH_21(DO, m, __VA_ARGS__)
#define AD_EACH_23(DO, m, f, ...) DO(m, f) AD_EACH_22(DO, m, __VA_ARGS__)
#define AD_EACH_24(DO, m, f, ...) DO(m, f) AD_EACH_23(DO, m, __VA_ARGS__)
#define AD_EACH_25(DO, m, f, ...) DO(m, f) AD_EACH_24(DO, m, __VA_ARGS__)
#define AD_EACH_26(DO, m, f, ...) DO(m, f) AD_EACH_25(DO, m, __VA_ARGS__)
#define AD_EACH_27(DO, m, f, ...) DO(m, f) AD_EACH_26(DO, m, __VA_ARGS__)
#define AD_EACH_28(DO, m, f, ...) DO(m, f) AD_EACH_27(DO, m, __VA_ARGS__)
#define AD_EACH_29(DO, m, f, ...) DO(m, f) AD_EACH_28(DO, m, __VA_ARGS__)
#define AD_EACH_30(DO, m, f, ...) DO(m, f) AD_EACH_29(DO, m, __VA_ARGS__)
#define AD_EACH_31(DO, m, f, ...) DO(m, f) AD_EACH_30(DO, m, __VA_ARGS__)
#define AD_EACH_32(DO, m, f, ...) DO(m, f) AD_EACH_31(DO, m, __VA_ARGS__)
#define AD_EACH_MANY(DO, m, _1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15,      \
                     _16, _17, _18, _19, _20, _21, _22, _23, _24, _25, _26, _27, _28, _29, _30,    \
                     _31, _32, ...)                                                                \
    AD_EACH_32(DO, m, _1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15, _16, _17,  \
               _18, _19, _20, _21, _22, _23, _24, _25, _26, _27, _28, _29, _30, _31,               \
               _32) AD_PASTE(DO, MANY)
#define AD_COUNT_OF(_1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15, _16, _17,    \
                    _18, _19, _20, _21, _22, _23, _24, _25, _26, _27, _28, _29, _30, _31, _32,     \
                    _33, _34, _35, _36, _37, _38, _39, _40, _41, _42, _43, _44, _45, _46, _47,     \
                    _48, _49, _50, _51, _52, _53, _54, _55, _56, _57, _58, _59, _60, _61, _62,     \
                    _63, _64, n, ...)                                                              \
    n
#define AD_COUNT(...)                                                                              \
    AD_COUNT_OF(__VA_ARGS__, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY,     \
                MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY,      \
                MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, 32, 31, 30, 29, 28, 27, 26, 25,    \
                24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3,   \
                2, 1, 0)

#endif
