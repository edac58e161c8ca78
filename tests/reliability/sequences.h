/* Random sequences of public calls: the scene that they share, and how their arguments are drawn.
 *
 * A sequence is a list of numbers, one for each call. All that a call draws comes from its number, so the others
 * stay as they are when one is left out: this is how a failure is shrunk. */
#ifndef ADZE_TESTS_SEQUENCES_H
#define ADZE_TESTS_SEQUENCES_H

#include <adze.h>
#include <stdatomic.h>

/* ---- the scene ---------------------------------------------------------------------- */

enum {
    TAPES = 2,
    SLOTS = 24,
    MARKS = 4,
    VALUE_AT = 16, /* the places of results, which must not be one another's */
    GRADIENT_AT = 18,
    ARRAYS = 34,
    KNOWN = 64,
    LISTED = 8, /* tensors of a list: as many as an operation has operands */
    LINE = 1024
};

/* Counts, fails on request, and refuses to give more than so much. Safe for several threads. */
typedef struct budget {
    ad_allocator base;
    atomic_size_t blocks, bytes;
    atomic_long until_failure; /* allocations; negative: none fails */
} budget;

/* A tensor, and what it must be: its numbers were copied when it was made. */
typedef struct slot {
    ad_tensor x;
    bool alive;
    int known; /* numbers below; -1: too many to copy */
    ad_type type;
    ad_shape shape;
    double number[KNOWN];
} slot;

typedef struct scene {
    uint64_t draw; /* the state of the random numbers of one call */
    bool alone;    /* no other thread uses the tape */
    bool tells;    /* calls are written to `line` */
    char line[LINE];
    size_t used;       /* of line */
    const char *wrong; /* what is wrong, or NULL */
    const char *call;  /* its name */
    size_t succeeded;  /* calls after which the tape is as good as before */

    budget *memory;
    ad_profile *profile; /* NULL where others use the tape: one thread at a time may count */
    ad_tape *tape[TAPES];
    slot slot[SLOTS];
    int next;                    /* the slot that is filled next */
    ad_mark mark[MARKS], marked; /* the last argument */
    uint32_t held[TAPES];
    int holds[TAPES]; /* calls of ad_tape_hold that wait for ad_tape_let_go */
    ad_pullback pullback;
    ad_array array[ARRAYS];
    ad_states states;
    ad_method method[5];
    ad_group group;
    ad_cross_entropy_options loss;
    ad_rows_options rows;
    ad_random random;

    int like;        /* a slot whose shape and type operands of this call should have */
    bool writes;     /* whether this call may write to arrays and states */
    uint64_t before; /* their digest */
    ad_tensor list[LISTED], out[8]; /* arguments of this call */
    ad_view point[4], views[16];
    ad_error error;
    ad_tape_info info;
    ad_shape shape;
    double value;
    uint64_t digests[8];
    char text[64];
    ad_safetensors *file; /* with arrays of all trees */
    ad_model_load_options load_options;
    FILE *nowhere;
    ad_program_rules *rules; /* of two numbers, with two results */
} scene;

typedef struct exported_call {
    const char *name;
    bool (*run)(scene *s);
} exported_call;

extern const exported_call exported_calls[];
extern const size_t exported_call_count;

void budget_init(budget *b);

/* Makes the tapes, with checks that the number chooses; all of them for AD_CHECK_THREADS. */
bool scene_open(scene *s, budget *memory, uint64_t number, ad_tape *shared);

/* One call, or one step of shadow.c. False where something is wrong. */
bool scene_step(scene *s, uint64_t number);

/* Ends everything. False where something is left. */
bool scene_close(scene *s);

/* For steps of their own. */
uint64_t draw_below(scene *s, uint64_t n);
void scene_tell(scene *s, const char *format, ...) AD_PRINTF(2, 3);
bool scene_fail(scene *s, const char *wrong);
slot *scene_keep(scene *s, ad_tensor x); /* NULL: it is not alive */
bool shadow_step(scene *s);
uint64_t scene_digest(const scene *s);

/* ---- arguments ---------------------------------------------------------------------- */

ad_tape *draw_tape(scene *s);
ad_tensor draw_tensor(scene *s), draw_index(scene *s), draw_mask(scene *s);
ad_tensor *draw_tensors(scene *s), *draw_tensors_out(scene *s);
ad_mark draw_mark(scene *s);
ad_view draw_good(scene *s, ad_type type), draw_numbers(scene *s), draw_view(scene *s),
    *draw_point(scene *s), *draw_views(scene *s);
ad_array *draw_arrays_out(scene *s), *draw_value_out(scene *s), *draw_gradient_out(scene *s);
ad_array draw_array(scene *s);
void *draw_memory(scene *s);
const ad_array *draw_model(scene *s);
const void *draw_env(scene *s);
const ad_tree *draw_tree(scene *s);
const ad_method *draw_method(scene *s);
const ad_cross_entropy_options *draw_loss_options(scene *s);
const ad_rows_options *draw_rows_options(scene *s);
ad_convolution draw_convolution(scene *s);
ad_pooling draw_pooling(scene *s);
ad_fractional_pooling draw_fractional_pooling(scene *s);
ad_resizing draw_resizing(scene *s);
ad_states *draw_states(scene *s);
const ad_op *draw_op(scene *s);
const int64_t *draw_extents(scene *s);
ad_shape draw_shape(scene *s), *draw_shape_at(scene *s);
ad_axes draw_axes(scene *s);
int draw_axis(scene *s), draw_count(scene *s);
int64_t draw_int(scene *s, int64_t low, int64_t high), draw_long(scene *s);
double draw_double(scene *s);
ad_function *draw_function(scene *s);
ad_model_function *draw_model_function(scene *s);
ad_model_map *draw_map(scene *s);
ad_step_function *draw_step(scene *s);
ad_pullback_function *draw_pullback_function(scene *s);
ad_real_function *draw_numbers_function(scene *s);
ad_program_rules *make_rules(void);
const ad_program_rules *draw_rules(scene *s);
ad_cotangent_hook *draw_hook(scene *s);
ad_poll *draw_poll(scene *s);
ad_tracer *draw_tracer(scene *s);
uint32_t draw_held(scene *s);

#define TAPE(s)              draw_tape(s)
#define TENSOR(s)            draw_tensor(s)
#define INDEX(s)             draw_index(s)
#define MASK(s)              draw_mask(s)
#define TENSORS(s)           draw_tensors(s)
#define TENSORS_OUT(s)       draw_tensors_out(s)
#define MARK(s)              draw_mark(s)
#define PULLBACK(s)          &(s)->pullback
#define PULLBACK_OUT(s)      &(s)->pullback
#define NUMBERS(s)           draw_numbers(s)
#define VIEW(s)              draw_view(s)
#define POINT(s)             draw_point(s)
#define VIEWS(s)             draw_views(s)
#define ARRAY(s)             draw_array(s)
#define ARRAYS_OUT(s)        draw_arrays_out(s)
#define VALUE_OUT(s)         draw_value_out(s)
#define GRADIENT_OUT(s)      draw_gradient_out(s)
#define MEMORY(s)            draw_memory(s)
#define MODEL(s)             draw_model(s)
#define USER(s)              NULL
#define ENV(s)               draw_env(s)
#define ENV_SIZE(s)          sizeof(void *)
#define ATTR(s)              NULL /* each op has its own kind */
#define DOUBLE_OUT(s)        (draw_below(s, 4) ? &(s)->value : NULL)
#define TREE(s)              draw_tree(s)
#define METHOD(s)            draw_method(s)
#define STATES(s)            draw_states(s)
#define FUNCTION(s)          draw_function(s)
#define MODEL_FUNCTION(s)    draw_model_function(s)
#define MAP(s)               draw_map(s)
#define STEP(s)              draw_step(s)
#define PULLBACK_FUNCTION(s) draw_pullback_function(s)
#define NUMBERS_FUNCTION(s)  draw_numbers_function(s)
#define HOOK(s)              draw_hook(s)
#define POLL(s)              draw_poll(s)
#define PROFILE(s)           (draw_below(s, 2) ? (s)->profile : NULL)
#define TRACER(s)            draw_tracer(s)
#define VISITOR(s)           NULL
#define CHECK_OPTIONS(s)     NULL
#define LOSS_OPTIONS(s)      draw_loss_options(s)
#define ROWS_OPTIONS(s)      draw_rows_options(s)
#define MODEL_FILE(s)        (draw_below(s, 16) ? (s)->file : NULL)
#define LOAD_OPTIONS(s)      (draw_below(s, 2) ? &(s)->load_options : NULL)
#define CONVOLUTION(s)       draw_convolution(s)
#define POOLING(s)           draw_pooling(s)
#define FRACTIONS(s)         draw_fractional_pooling(s)
#define RESIZING(s)          draw_resizing(s)
#define INFO(s)              ((s)->info.size = sizeof(ad_tape_info), &(s)->info)
#define DIGESTS(s)           (s)->digests
#define ERROR(s)             (draw_below(s, 2) ? &(s)->error : NULL)
#define OP(s)                draw_op(s)
#define RULES(s)             draw_rules(s)
#define FILE_OUT(s)          (s)->nowhere
#define TEXT(s)              (s)->text
#define TEXT_SIZE(s)         (size_t) draw_int(s, 0, sizeof(s)->text)
#define NAME(s)              "a name"
#define EXTENTS(s)           draw_extents(s)
#define ALLOCATOR(s)         &(s)->memory->base
#define RANDOM(s)            &(s)->random
#define ATTENTION_OPTIONS(s) ((ad_attention_options){BOOL(s), DOUBLE(s)})
#define POSITIONS(s)         ((ad_position_options){draw_long(s), DOUBLE(s), BOOL(s)})
#define SEQUENCE(s)          ((ad_sequence_options){.reverse = BOOL(s)})
#define TYPE(s)              (ad_type) draw_int(s, -1, AD_TYPE_COUNT)
#define SHAPE(s)             draw_shape(s)
#define SHAPE_AT(s)          draw_shape_at(s)
#define AXES(s)              draw_axes(s)
#define KEY(s)               ad_key_new(draw_below(s, 4))
#define MODE(s)              (ad_mode) draw_int(s, 0, AD_MODE_REVERSE + 1)
#define ACTIVATION(s)        (ad_activation) draw_int(s, 0, AD_ACTIVATION_COUNT)
#define STATUS(s)            (ad_status) draw_int(s, 0, AD_STATUS_COUNT - 1)
#define AXIS(s)              draw_axis(s)
#define PLACE(s)             (int)draw_int(s, -1, 2)
#define COUNT(s)             draw_count(s)
#define FEW(s)               (size_t) draw_int(s, 0, 8)
#define BYTES(s)             (size_t) draw_long(s)
#define STEPS(s)             draw_int(s, -1, 5)
#define BEGIN(s)             draw_long(s)
#define STRIDE(s)            draw_long(s)
#define LONG(s)              draw_long(s)
#define HELD(s)              draw_held(s)
#define FLAGS(s)             (unsigned)draw_int(s, 0, 4)
#define BOOL(s)              draw_below(s, 2)
#define DOUBLE(s)            draw_double(s)

/* ---- results ------------------------------------------------------------------------ */

bool see_tensor(scene *s, ad_tensor y);
bool see_status(scene *s, ad_status status);
bool see_view(scene *s, ad_view v);
bool see_array(scene *s, ad_array a);
bool see_mark(scene *s, ad_mark mark);
bool see_held(scene *s, uint32_t held);

#define STATUS_RESULT(s, call)  see_status(s, call)
#define TENSOR_RESULT(s, call)  see_tensor(s, call)
#define VIEW_RESULT(s, call)    see_view(s, call)
#define BOOL_RESULT(s, call)    ((void)(call), true)
#define ARRAY_RESULT(s, call)   see_array(s, call)
#define MARK_RESULT(s, call)    see_mark(s, call)
#define RANKED_RESULT(s, call)  see_tensor(s, (call).values)
#define MOMENTS_RESULT(s, call) see_tensor(s, (call).mean)
#define NORMED_RESULT(s, call)  see_tensor(s, (call).variance)
#define STATES_RESULT(s, call)  see_tensor(s, (call).h)
#define HELD_RESULT(s, call)    see_held(s, call)
#define NO_RESULT(s, call)      ((call), true)
#define OTHER_RESULT(s, call)   ((void)(call), true)

#endif
