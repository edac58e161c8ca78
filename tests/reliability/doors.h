/* What every exported function that takes a tape or a tensor is called with, to see what it does beside another
 * thread. exported-calls writes the calls from the declarations, so no function can be forgotten. */
#ifndef ADZE_TESTS_DOORS_H
#define ADZE_TESTS_DOORS_H

#include <adze.h>

typedef struct scene {
    ad_tape *tape;
    ad_tensor x, index, mask;      /* f64 [2, 3], i32 [2], bool [2, 3] */
    ad_tensor list[8], results[8]; /* x, and the empty results of functions */
    ad_mark mark;
    ad_pullback pullback, own_pullback;
    ad_view view;            /* numbers of x's shape */
    ad_array array, out[16]; /* the same numbers; empty results */
    ad_error error;
    ad_tape_info info;
    ad_convolution convolution;
    ad_pooling pooling;
    ad_fractional_pooling fractions;
    ad_resizing resizing;
    FILE *file;
    double value;
    uint64_t digests[8];
    char text[256];
    const void *env;
    ad_program_rules *rules; /* of one number */
} scene;

/* False if the result tells of success, though it should tell that another thread is inside. */
typedef struct exported_call {
    const char *name;
    bool (*run)(scene *s);
} exported_call;

extern const exported_call exported_calls[];
extern const size_t exported_call_count;

/* ---- arguments ---------------------------------------------------------------------- */

#define TAPE(s)              (s)->tape
#define TENSOR(s)            (s)->x
#define INDEX(s)             (s)->index
#define MASK(s)              (s)->mask
#define TENSORS(s)           (s)->list
#define TENSORS_OUT(s)       (s)->results
#define MARK(s)              (s)->mark
#define PULLBACK(s)          &(s)->pullback
#define PULLBACK_OUT(s)      &(s)->own_pullback
#define NUMBERS(s)           (s)->view
#define VIEW(s)              (s)->view
#define POINT(s)             &(s)->view
#define VIEWS(s)             &(s)->view
#define ARRAYS_OUT(s)        (s)->out
#define VALUE_OUT(s)         &(s)->out[14]
#define GRADIENT_OUT(s)      &(s)->out[15]
#define MODEL(s)             &(s)->array
#define USER(s)              NULL
#define ENV(s)               &(s)->env
#define ENV_SIZE(s)          sizeof(s)->env
#define ATTR(s)              NULL
#define DOUBLE_OUT(s)        &(s)->value
#define TREE(s)              &ad_array_tree
#define FUNCTION(s)          door_function
#define MODEL_FUNCTION(s)    door_model_function
#define MAP(s)               door_map
#define STEP(s)              door_step
#define PULLBACK_FUNCTION(s) door_pullback
#define NUMBERS_FUNCTION(s)  door_numbers
#define HOOK(s)              door_hook
#define POLL(s)              NULL
#define PROFILE(s)           NULL
#define TRACER(s)            NULL
#define VISITOR(s)           NULL
#define CHECK_OPTIONS(s)     NULL
#define LOSS_OPTIONS(s)      NULL
#define CONVOLUTION(s)       (s)->convolution
#define POOLING(s)           (s)->pooling
#define FRACTIONS(s)         (s)->fractions
#define RESIZING(s)          (s)->resizing
#define ROWS_OPTIONS(s)      NULL
#define MODEL_FILE(s)        NULL
#define LOAD_OPTIONS(s)      NULL
#define INFO(s)              &(s)->info
#define DIGESTS(s)           (s)->digests
#define ERROR(s)             &(s)->error
#define OP(s)                ad_builtin_op(0)
#define RULES(s)             (s)->rules
#define FILE_OUT(s)          (s)->file
#define TEXT(s)              (s)->text
#define TEXT_SIZE(s)         sizeof(s)->text
#define NAME(s)              "a name"
#define EXTENTS(s)           NULL
#define ATTENTION_OPTIONS(s) ((ad_attention_options){0})
#define POSITIONS(s)         ((ad_position_options){0})
#define SEQUENCE(s)          ((ad_sequence_options){0})
#define TYPE(s)              AD_F64
#define SHAPE(s)             (s)->view.shape
#define AXES(s)              AD_AXES(0)
#define KEY(s)               ad_key_new(1)
#define MODE(s)              AD_MODE_AUTO
#define ACTIVATION(s)        AD_RELU
#define STATUS(s)            AD_FAILED
#define AXIS(s)              0
#define PLACE(s)             0
#define COUNT(s)             1
#define FEW(s)               1
#define BYTES(s)             1
#define STEPS(s)             1
#define BEGIN(s)             0
#define STRIDE(s)            0
#define LONG(s)              1
#define HELD(s)              0
#define FLAGS(s)             0
#define BOOL(s)              true
#define DOUBLE(s)            0.5

/* ---- results ------------------------------------------------------------------------ */

/* Dead, or the operand: what ad_label and ad_retain return in any case. */
static inline bool tells_nothing(const scene *s, ad_tensor y)
{
    return y.tape == s->tape && ((uint32_t)y.bits == UINT32_MAX || y.bits == s->x.bits);
}

#define STATUS_RESULT(s, call)  ((call) == AD_BUSY)
#define TENSOR_RESULT(s, call)  tells_nothing(s, call)
#define VIEW_RESULT(s, call)    (!(call).data)
#define BOOL_RESULT(s, call)    (!(call))
#define MARK_RESULT(s, call)    ((void)(call), true)
#define RANKED_RESULT(s, call)  tells_nothing(s, (call).values)
#define MOMENTS_RESULT(s, call) tells_nothing(s, (call).variance)
#define NORMED_RESULT(s, call)  tells_nothing(s, (call).mean)
#define STATES_RESULT(s, call)  tells_nothing(s, (call).h)
#define HELD_RESULT(s, call)    ((call) == UINT32_MAX)
#define NO_RESULT(s, call)      ((call), true)
#define OTHER_RESULT(s, call)   ((void)(call), true)

/* ---- functions of users ------------------------------------------------------------- */

ad_tensor door_function(ad_tape *t, const ad_tensor *x, const void *env);
ad_tensor door_model_function(ad_tape *t, const void *tensors, const void *env);
ad_tensor door_map(ad_tape *t, const void *tensors, const ad_tensor *x, const void *env);
void door_step(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x, const void *env,
               ad_tensor *next);
void door_numbers(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env);
void door_pullback(ad_tape *t, const ad_tensor *x, ad_tensor y, ad_tensor dy, const void *env,
                   ad_tensor *dx);
ad_status door_hook(void *user, const ad_cotangent *c);

#endif
