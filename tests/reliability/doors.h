/* What every exported function that takes a tape or a tensor is called with, to see what it does beside another
 * thread. door-calls writes the calls from the declarations, so no function can be forgotten. */
#ifndef ADZE_TESTS_DOORS_H
#define ADZE_TESTS_DOORS_H

#include <adze.h>

typedef struct door_scene {
    ad_tape *tape;
    ad_tensor x, index, mask;      /* f64 [2, 3], i32 [2], bool [2, 3] */
    ad_tensor list[4], results[8]; /* x, and the empty results of functions */
    ad_mark mark;
    ad_pullback pullback, own_pullback;
    ad_view view;           /* numbers of x's shape */
    ad_array array, out[4]; /* the same numbers; empty results */
    ad_key key;
    ad_error error;
    ad_tape_info info;
    const ad_op *op;
    FILE *file;
    double value;
    uint64_t digests[8];
    char text[256];
    const void *env;
} door_scene;

/* False if the result tells of success, though it should tell that another thread is inside. */
typedef struct door_call {
    const char *name;
    bool (*run)(door_scene *s);
} door_call;

extern const door_call door_calls[];
extern const size_t door_call_count;

static inline bool is_busy(const door_scene *s, ad_status status)
{
    (void)s;
    return status == AD_BUSY;
}

/* Dead, or the operand: what ad_label and ad_retain return in any case. */
static inline bool is_dead(const door_scene *s, ad_tensor y)
{
    return y.tape == s->tape && ((uint32_t)y.bits == UINT32_MAX || y.bits == s->x.bits);
}

static inline bool is_empty(const door_scene *s, ad_view v)
{
    (void)s;
    return !v.data;
}

static inline bool is_false(const door_scene *s, bool answer)
{
    (void)s;
    return !answer;
}

ad_tensor door_function(ad_tape *t, const ad_tensor *x, const void *env);
ad_tensor door_model_function(ad_tape *t, const void *tensors, const void *env);
ad_tensor door_map(ad_tape *t, const void *tensors, const ad_tensor *x, const void *env);
void door_step(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x, const void *env,
               ad_tensor *next);
void door_pullback(ad_tape *t, const ad_tensor *x, ad_tensor y, ad_tensor dy, const void *env,
                   ad_tensor *dx);
ad_status door_hook(void *user, const ad_cotangent *c);

#endif
