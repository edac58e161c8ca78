/* Models: structs of parameters, and what is done to all their fields at once.
 *
 *     AD_MODEL(dense, w, b);                                  two arrays
 *     AD_MODEL(mlp, (dense, hidden), (dense, output), scale); two models and an array
 *     AD_MODEL(deep, (dense, layer, 3), (ad_array, gain, 3)); arrays of them
 *
 * declares at file scope, once and for all fields (up to 32),
 *
 *     mlp            struct of ad_array: parameters, and as well gradients, momenta
 *     mlp_tensors    the same fields as ad_tensor: the model on a tape
 *     mlp_function   ad_tensor f(ad_tape *, const mlp_tensors *, const void *env)
 *     mlp_map        ad_tensor f(ad_tape *, const mlp_tensors *, const ad_tensor *x, const void *env)
 *     mlp_pullback   a value and its pullback
 *     mlp_model      the description (ad_model) that the functions below work from
 *
 * and the functions of AD_MODEL_FUNCTIONS, typed: mlp_watch, mlp_gradient, .... What is not
 * a parameter belongs in an enclosing struct.
 *
 * Structs that receive results may start as {0}: what holds nothing yet is allocated (gradients
 * by the C library, or as their own allocator field says; everything else as the model's arrays
 * were) and is yours to end with mlp_free. Results are written only if all went well. */
#ifndef ADZE_MODEL_H
#define ADZE_MODEL_H

#include "adze/check.h"
#include "adze/tape.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_model ad_model;

typedef struct ad_field {
    const char *name;
    const ad_model *model;
    size_t count;          /* 0: the field itself; else an array of so many */
    size_t offset;         /* bytes, in the struct of arrays */
    size_t tensors_offset; /* bytes, in the struct of tensors */
} ad_field;

struct ad_model {
    const char *name;
    size_t size;            /* bytes of the struct of arrays */
    size_t tensors_size;
    const ad_field *fields; /* NULL: this is ad_array itself */
    size_t count;
};

/* The model that is one array: where descriptions end. */
static const ad_model ad_array_model AD_UNUSED = {"ad_array", sizeof(ad_array), sizeof(ad_tensor),
                                                  NULL, 0};
typedef ad_tensor ad_array_tensors;

/* ---- all fields at once ------------------------------------------------------------- */
/* Arrays and tensors are structs of the described model. error may be NULL. */

/* Makes leaves of all arrays, labelled with their paths, as "hidden.w". */
AD_API void ad_model_watch(const ad_model *d, ad_tape *t, const void *model, void *tensors);
AD_API void ad_model_freeze(const ad_model *d, ad_tape *t, const void *model, void *tensors);

/* Sweeps back from y, with cotangent dy or (dy NULL) from a y of one element, and copies the
 * gradients of the watched fields. A frozen field is AD_MISUSE. The message is on y's tape. */
AD_API ad_status ad_model_gradient(const ad_model *d, ad_tensor y, const ad_view *dy,
                                   const void *tensors, void *gradient);

/* The same without a sweep: copies the gradients that the tape's last sweep has left, for sweeps in
 * slices. AD_MISUSE before one has come to its end. */
AD_API ad_status ad_model_collect(const ad_model *d, ad_tape *t, const void *tensors, void *gradient);

/* zeros: all arrays like those of model, filled with 0. copy: with the same numbers. */
AD_API ad_status ad_model_like(const ad_model *d, const void *model, void *zeros, ad_error *error);
AD_API ad_status ad_model_copy(const ad_model *d, const void *model, void *copy, ad_error *error);

/* y += alpha x. AD_BAD_SHAPE or AD_BAD_TYPE, naming the field, where the two differ. */
AD_API ad_status ad_model_axpy(const ad_model *d, double alpha, const void *x, void *y, ad_error *error);

AD_API void ad_model_free(const ad_model *d, void *model);

/* Calls visit for every array, in order of declaration, with its path: "hidden.w",
 * "layer[2].b". Stops at the first status that is not AD_OK, and returns it. */
typedef ad_status ad_visitor(void *user, const char *path, ad_array *a);
AD_API ad_status ad_model_visit(const ad_model *d, void *model, ad_visitor *visit, void *user);

/* ---- optimisers --------------------------------------------------------------------- */

/* v = momentum v + g;  model -= rate v, or with nesterov rate (momentum v + g). With
 * momentum 0 the velocity may be NULL. (Polyak 1964; Nesterov 1983 as Sutskever et al. 2013.) */
typedef struct ad_sgd {
    double rate;
    double momentum;
    bool nesterov;
} ad_sgd;

AD_API ad_status ad_model_sgd(const ad_model *d, const ad_sgd *o, const void *gradient, void *velocity,
                              void *model, ad_error *error);

/* Adam (Kingma and Ba 2015), epsilon after the bias correction. Zeros in beta1, beta2 and epsilon
 * stand for the paper's 0.9, 0.999 and 1e-8. step counts the steps taken and is raised by one. */
typedef struct ad_adam {
    double rate;
    double beta1, beta2, epsilon;
    int64_t step;
} ad_adam;

AD_API ad_status ad_model_adam(const ad_model *d, ad_adam *o, const void *gradient, void *mean,
                               void *square, void *model, ad_error *error);

/* ---- checks of gradients (check.h) -------------------------------------------------- */

typedef ad_tensor ad_model_function(ad_tape *t, const void *tensors, const void *env);

/* The gradient of f at model against differences, as ad_check_gradient. */
AD_API ad_status ad_model_check_gradient(const ad_model *d, ad_model_function *f, const void *env,
                                         const void *model, const ad_check_options *options,
                                         ad_error *error);

/* For a training loop: at every options->every-th step, computes the gradient of f again in f64
 * (ad_tape_widen), compares a few random numbers of it with differences, and with it the given gradient, array
 * by array: the norm of their difference is within 1e-6 of its own, in f32 within half. At the
 * other steps does nothing. f must be the function, and env the batch, that the gradient is of. t is reset
 * before and after: the loop's own will do. The model is not written to, and nothing is allocated
 * once t has grown. */
AD_API ad_status ad_model_check_step(const ad_model *d, ad_tape *t, ad_model_function *f, const void *env,
                                     const void *model, const void *gradient, int64_t step,
                                     const ad_check_options *options, ad_error *error);

/* ---- models inside functions (operators.h) ------------------------------------------- */

/* f of the model whose tensors these are, of one element, as a rank-0 value, and its gradient as tensors,
 * differentiable as ad_gradient_node's. Copies `bytes` of env to the tape; with 0 borrows it until
 * the tape is reset, like what it leads to. */
AD_API ad_tensor ad_model_gradient_node(const ad_model *d, ad_model_function *f, const void *env,
                                        size_t bytes, const void *tensors, void *gradient);

/* The same by the n inputs x of a model, which are on its tape. */
typedef ad_tensor ad_model_map(ad_tape *t, const void *tensors, const ad_tensor *x, const void *env);
AD_API ad_tensor ad_model_input_gradient_node(const ad_model *d, ad_model_map *map, const void *env,
                                              size_t bytes, const void *tensors, int n,
                                              const ad_tensor *x, ad_tensor *gradient);

/* A model's value at inputs, of any shape, as a checkpoint (ad_checkpoint). */
AD_API ad_tensor ad_model_checkpoint(const ad_model *d, ad_model_map *map, const void *env, size_t bytes,
                                     const void *tensors, int n, const ad_tensor *x);

/* sum = y + alpha x, all of them structs of tensors: a step of training inside of a function. */
AD_API void ad_model_tensors_axpy(const ad_model *d, double alpha, const void *x, const void *y,
                                  void *sum);

#ifdef __cplusplus
} /* extern "C" */
#endif

/* ---- the declaration ---------------------------------------------------------------- */

#define AD_MODEL(m, ...)                                                                   \
    typedef struct m {                                                                     \
        AD_EACH(AD_FIELD_ARRAYS, m, __VA_ARGS__)                                           \
    } m;                                                                                   \
    typedef struct m##_tensors {                                                           \
        AD_EACH(AD_FIELD_TENSORS, m, __VA_ARGS__)                                          \
    } m##_tensors;                                                                         \
    static const ad_field m##_fields[] = {AD_EACH(AD_FIELD_ROW, m, __VA_ARGS__)};          \
    static const ad_model m##_model AD_UNUSED = {                                          \
        #m, sizeof(m), sizeof(m##_tensors), m##_fields, AD_COUNT(__VA_ARGS__)};            \
    AD_MODEL_FUNCTIONS(m)                                                                  \
    struct m##_tensors

/* The functions of a model, m, as a reader would write them by hand. */
#define AD_MODEL_FUNCTIONS(m)                                                              \
    typedef ad_tensor m##_function(ad_tape *t, const m##_tensors *x, const void *env);     \
    typedef struct m##_pullback {                                                          \
        ad_tensor value;                                                                   \
        m##_tensors x;                                                                     \
    } m##_pullback;                                                                        \
    static inline AD_UNUSED m##_tensors m##_watch(ad_tape *t, const m *model)              \
    {                                                                                      \
        m##_tensors x;                                                                     \
        ad_model_watch(&m##_model, t, model, &x);                                          \
        return x;                                                                          \
    }                                                                                      \
    static inline AD_UNUSED m##_tensors m##_freeze(ad_tape *t, const m *model)             \
    {                                                                                      \
        m##_tensors x;                                                                     \
        ad_model_freeze(&m##_model, t, model, &x);                                         \
        return x;                                                                          \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_gradient(ad_tensor y, const m##_tensors *x, m *gradient) \
    {                                                                                      \
        return ad_model_gradient(&m##_model, y, NULL, x, gradient);                        \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_collect(ad_tape *t, const m##_tensors *x, m *gradient) \
    {                                                                                      \
        return ad_model_collect(&m##_model, t, x, gradient);                               \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_value_with_gradient(                             \
        ad_tape *t, m##_function *f, const m *model, const void *env, double *value, m *gradient) \
    {                                                                                      \
        if (!f)                                                                            \
            return ad_tape_fail(t, AD_MISUSE, #m "_value_with_gradient: the function is NULL"); \
        ad_mark start = ad_tape_mark(t);                                                   \
        m##_tensors x = m##_watch(t, model);                                               \
        ad_tensor y = f(t, &x, env);                                                       \
        ad_status status = y.tape == t ? m##_gradient(y, &x, gradient)                     \
            : ad_tape_fail(t, AD_FOREIGN, #m "_value_with_gradient: "                      \
                                          "the function's result is not on the tape");     \
        if (status == AD_OK && value)                                                      \
            *value = ad_item(y);                                                           \
        ad_tape_rewind(start);                                                             \
        return status;                                                                     \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_value_with_pullback(                             \
        ad_tape *t, m##_function *f, const m *model, const void *env, m##_pullback *p)     \
    {                                                                                      \
        if (!f || !p)                                                                      \
            return ad_tape_fail(t, AD_MISUSE, #m "_value_with_pullback: an argument is NULL"); \
        p->x = m##_watch(t, model);                                                        \
        p->value = f(t, &p->x, env);                                                       \
        if (p->value.tape != t)                                                            \
            ad_tape_fail(t, AD_FOREIGN, #m "_value_with_pullback: "                        \
                                        "the function's result is not on the tape");       \
        return ad_tape_status(t);                                                          \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_pull(const m##_pullback *p, ad_view dy, m *dx)   \
    {                                                                                      \
        return p ? ad_model_gradient(&m##_model, p->value, &dy, &p->x, dx) : AD_MISUSE;    \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_like(const m *model, m *zeros)                   \
    {                                                                                      \
        return ad_model_like(&m##_model, model, zeros, NULL);                              \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_copy(const m *model, m *copy)                    \
    {                                                                                      \
        return ad_model_copy(&m##_model, model, copy, NULL);                               \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_axpy(double alpha, const m *x, m *y)             \
    {                                                                                      \
        return ad_model_axpy(&m##_model, alpha, x, y, NULL);                               \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_visit(m *model, ad_visitor *visit, void *user)   \
    {                                                                                      \
        return ad_model_visit(&m##_model, model, visit, user);                             \
    }                                                                                      \
    static inline AD_UNUSED void m##_free(m *model)                                        \
    {                                                                                      \
        ad_model_free(&m##_model, model);                                                  \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_sgd(const ad_sgd *o, const m *gradient, m *velocity, \
                                              m *model)                                    \
    {                                                                                      \
        return ad_model_sgd(&m##_model, o, gradient, velocity, model, NULL);               \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_adam(ad_adam *o, const m *gradient, m *mean, m *square, \
                                               m *model)                                   \
    {                                                                                      \
        return ad_model_adam(&m##_model, o, gradient, mean, square, model, NULL);          \
    }                                                                                      \
    typedef struct m##_call {                                                              \
        m##_function *f;                                                                   \
        const void *env;                                                                   \
    } m##_call;                                                                            \
    static inline AD_UNUSED ad_tensor m##_call_function(ad_tape *t, const void *x, const void *call) \
    {                                                                                      \
        const m##_call *c = (const m##_call *)call;                                        \
        return c->f(t, (const m##_tensors *)x, c->env);                                    \
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
    static inline AD_UNUSED ad_tensor m##_gradient_node(                                   \
        m##_function *f, const m##_tensors *x, const void *env, m##_tensors *gradient)     \
    {                                                                                      \
        m##_call c = {f, env};                                                             \
        return ad_model_gradient_node(&m##_model, f ? m##_call_function : NULL, &c, sizeof c, x, \
                                      gradient);                                           \
    }                                                                                      \
    static inline AD_UNUSED ad_tensor m##_input_gradient_node(                             \
        m##_map *f, const m##_tensors *model, int n, const ad_tensor *x, const void *env,  \
        ad_tensor *gradient)                                                               \
    {                                                                                      \
        m##_map_call c = {f, env};                                                         \
        return ad_model_input_gradient_node(&m##_model, f ? m##_call_map : NULL, &c, sizeof c, \
                                            model, n, x, gradient);                        \
    }                                                                                      \
    static inline AD_UNUSED ad_tensor m##_checkpoint(                                      \
        m##_map *f, const m##_tensors *model, int n, const ad_tensor *x, const void *env)  \
    {                                                                                      \
        m##_map_call c = {f, env};                                                         \
        return ad_model_checkpoint(&m##_model, f ? m##_call_map : NULL, &c, sizeof c, model, n, x); \
    }                                                                                      \
    static inline AD_UNUSED m##_tensors m##_tensors_axpy(double alpha, const m##_tensors *x, \
                                                         const m##_tensors *y)             \
    {                                                                                      \
        m##_tensors sum;                                                                   \
        ad_model_tensors_axpy(&m##_model, alpha, x, y, &sum);                              \
        return sum;                                                                        \
    }                                                                                      \
    AD_MODEL_DERIVATIVES(m)                                                                \
    static inline AD_UNUSED ad_status m##_check_gradient(                                  \
        m##_function *f, const m *model, const void *env, const ad_check_options *options, \
        ad_error *error)                                                                   \
    {                                                                                      \
        m##_call c = {f, env};                                                             \
        return ad_model_check_gradient(&m##_model, f ? m##_call_function : NULL, &c, model, \
                                       options, error);                                    \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_check_step(                                      \
        ad_tape *t, m##_function *f, const m *model, const void *env, const m *gradient,   \
        int64_t step, const ad_check_options *options, ad_error *error)                    \
    {                                                                                      \
        m##_call c = {f, env};                                                             \
        return ad_model_check_step(&m##_model, t, f ? m##_call_function : NULL, &c, model, \
                                   gradient, step, options, error);                        \
    }

/* ---- the machinery of the declaration ----------------------------------------------- */

/* A field is written w, (type, name) or (type, name, count). The first is (ad_array, w). */
#define AD_FIELD_ARRAYS(m, f) AD_FIELD_CALL(AD_FIELD_ARRAYS, m, AD_FIELD_FULL(f))
#define AD_FIELD_TENSORS(m, f) AD_FIELD_CALL(AD_FIELD_TENSORS, m, AD_FIELD_FULL(f))
#define AD_FIELD_ROW(m, f) AD_FIELD_CALL(AD_FIELD_ROW, m, AD_FIELD_FULL(f))

#define AD_FIELD_ARRAYS_2(m, T, f) T f;
#define AD_FIELD_ARRAYS_3(m, T, f, n) T f[n];
#define AD_FIELD_TENSORS_2(m, T, f) T##_tensors f;
#define AD_FIELD_TENSORS_3(m, T, f, n) T##_tensors f[n];
#define AD_FIELD_ROW_2(m, T, f) AD_FIELD_ROW_3(m, T, f, 0)
#define AD_FIELD_ROW_3(m, T, f, n) {#f, &T##_model, n, offsetof(m, f), offsetof(m##_tensors, f)},

#define AD_FIELD_CALL(DO, m, full) AD_EXPAND(AD_JOIN(DO, AD_COUNT full), (m, AD_STRIP full))
#define AD_EXPAND(DO, arguments) DO arguments
#define AD_STRIP(...) __VA_ARGS__
#define AD_JOIN(a, b) AD_JOIN_(a, b)
#define AD_JOIN_(a, b) a##_##b
#define AD_FIELD_FULL(f) AD_EXPAND(AD_JOIN(AD_FIELD_FULL, AD_IS_PAREN(f)), (f))
#define AD_FIELD_FULL_0(f) (ad_array, f)
#define AD_FIELD_FULL_1(f) f
#define AD_IS_PAREN(f) AD_IS_PAREN_(AD_PAREN_PROBE f, 0, ~)
#define AD_IS_PAREN_(...) AD_SECOND(__VA_ARGS__)
#define AD_SECOND(a, b, ...) b
#define AD_PAREN_PROBE(...) ~, 1

/* Applies DO(m, field) to up to 32 fields. */
#define AD_EACH(DO, m, ...) AD_EACH_OF(AD_COUNT(__VA_ARGS__), DO, m, __VA_ARGS__)
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
#define AD_COUNT_OF(_1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15, _16, _17, _18, \
                    _19, _20, _21, _22, _23, _24, _25, _26, _27, _28, _29, _30, _31, _32, n, ...) \
    n
#define AD_COUNT(...) \
    AD_COUNT_OF(__VA_ARGS__, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, \
                12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)

#include "adze/model_derivatives.h"

#endif
