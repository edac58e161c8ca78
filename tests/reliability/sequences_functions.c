/* The functions of users that sequences pass: most are good, some do what they must not. */
#include "sequences.h"

typedef enum deed {
    SQUARES,
    WHOLE,
    ITSELF,
    CONSTANT,
    NUMBER,
    DEAD,
    REWINDS,
    RESETS,
    FREES,
    TRIMS,
    HOLDS,
    BEGINS,
    FAILS,
    NESTS,
    DIFFERENTIATES,
    IN_PLACE,
    RECURS,
    DEEDS
} deed;

/* A model's function gets a copy of its first bytes. */
typedef struct order {
    uintptr_t what;
} order;

const void *draw_env(scene *s)
{
    static const order orders[] = {{SQUARES},  {WHOLE},   {ITSELF}, {CONSTANT}, {NUMBER},
                                   {DEAD},     {REWINDS}, {RESETS}, {FREES},    {TRIMS},
                                   {HOLDS},    {BEGINS},  {FAILS},  {NESTS},    {DIFFERENTIATES},
                                   {IN_PLACE}, {RECURS}};
    uint64_t which = draw_below(s, draw_below(s, 3) ? 2 : DEEDS);
    scene_tell(s, " order %d", (int)which);
    return &orders[which];
}

static ad_tensor function(ad_tape *t, const ad_tensor *x, const void *env);

static ad_tensor differentiated(ad_tape *t, ad_tensor x)
{
    static const order plain = {SQUARES};
    ad_tensor gradient = x;
    (void)t;
    ad_gradient_node(function, 1, &x, 1, &plain, &gradient);
    return ad_sum(gradient);
}

/* On the tape that f is evaluated on. */
static ad_tensor in_place(ad_tape *t, ad_tensor x)
{
    static const order plain = {SQUARES};
    ad_view at = ad_read(x);
    ad_array slope = {0};
    ad_gradient(t, function, 1, &at, &plain, &slope);
    ad_array_free(&slope);
    return ad_sum(x);
}

static ad_tensor rewound(ad_tape *t, ad_tensor x)
{
    ad_mark start = ad_tape_mark(t);
    ad_tensor y = ad_sum(x);
    ad_tape_rewind(start);
    return y;
}

static ad_tensor vandal(ad_tape *t, ad_tensor x, deed what)
{
    if (what == RESETS)
        ad_tape_reset(t);
    else if (what == FREES)
        ad_tape_free(t);
    else if (what == TRIMS)
        ad_tape_trim(t);
    else if (what == HOLDS)
        ad_tape_hold(t);
    else if (what == BEGINS)
        ad_inner_begin(t, "a vandal");
    else
        ad_tape_fail(t, AD_FAILED, "the function has failed");
    return ad_sum(x);
}

static ad_tensor function(ad_tape *t, const ad_tensor *x, const void *env)
{
    static const order plain = {SQUARES};
    switch ((deed)((const order *)env)->what) {
    case SQUARES:
        return ad_sum(ad_square(x[0]));
    case WHOLE:
        return ad_mul(ad_sin(x[0]), 2);
    case ITSELF:
        return x[0];
    case CONSTANT:
        return ad_constant(t, AD_F64, 3);
    case NUMBER:
        return ad_number(3);
    case DEAD:
        return ad_dead(x[0]);
    case REWINDS:
        return rewound(t, x[0]);
    case NESTS:
        return ad_checkpoint(function, 1, x, &plain);
    case DIFFERENTIATES:
        return differentiated(t, x[0]);
    case IN_PLACE:
        return in_place(t, x[0]);
    case RECURS:
        return ad_checkpoint(function, 1, x, env);
    default:
        return vandal(t, x[0], (deed)((const order *)env)->what);
    }
}

static ad_tensor model_function(ad_tape *t, const void *tensors, const void *env)
{
    return function(t, tensors, env);
}

static ad_tensor map(ad_tape *t, const void *tensors, const ad_tensor *x, const void *env)
{
    (void)x;
    return function(t, tensors, env);
}

static void step(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x, const void *env,
                 ad_tensor *next)
{
    (void)i, (void)x;
    ad_tensor y = function(t, state, env);
    next[0] = ((const order *)env)->what < ITSELF ? ad_add(state[0], y) : y;
}

/* Of single numbers; some leave results as they are, or reset the recorder. */
/* For a program: a choice, and a guard that flips now and then. */
static void bells(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = ad_mul(ad_maximum(x[0], x[1]), ad_exp(ad_neg(ad_square(x[1]))));
    y[1] = ad_less(x[0], 100) ? ad_tanh(x[0]) : x[1];
}

static void numbers(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    const order *o = env;
    for (size_t j = 0; j < m && n; j++)
        y[j] = o->what % 5 ? ad_mul(ad_sin(x[j % n]), x[n - 1]) : x[j % n];
    if (o->what % 7 == 0 && n)
        ad_recorder_reset(x[0].on);
}

static void pullback(ad_tape *t, const ad_tensor *x, ad_tensor y, ad_tensor dy, const void *env,
                     ad_tensor *dx)
{
    (void)y;
    ad_tensor z = function(t, x, env);
    dx[0] = ((const order *)env)->what < ITSELF ? ad_mul(x[0], ad_sum(dy)) : z;
}

static ad_status hook(void *user, const ad_cotangent *c)
{
    (void)user;
    return ad_array_count(&c->dx) == 5 ? AD_FAILED : AD_OK;
}

static bool poll(void *user, size_t left)
{
    (void)user;
    return left != 3;
}

static void tracer(void *user, const ad_event *event)
{
    char text[64];
    (void)user;
    ad_event_print(event, text, sizeof text);
}

ad_function *draw_function(scene *s)
{
    return draw_below(s, 64) ? function : NULL;
}
ad_model_function *draw_model_function(scene *s)
{
    return draw_below(s, 64) ? model_function : NULL;
}
ad_model_map *draw_map(scene *s)
{
    return draw_below(s, 64) ? map : NULL;
}
ad_step_function *draw_step(scene *s)
{
    return draw_below(s, 64) ? step : NULL;
}
ad_pullback_function *draw_pullback_function(scene *s)
{
    return draw_below(s, 64) ? pullback : NULL;
}
ad_real_function *draw_numbers_function(scene *s)
{
    return draw_below(s, 64) ? numbers : NULL;
}
ad_program_rules *make_rules(void)
{
    ad_program *p = ad_program_of(bells, 2, (double[]){1, 2}, 2, NULL, NULL, NULL);
    ad_program_rules *rules = ad_program_rules_new(p, NULL);
    ad_program_free(p);
    return rules;
}
const ad_program_rules *draw_rules(scene *s)
{
    return draw_below(s, 64) ? s->rules : NULL;
}
ad_cotangent_hook *draw_hook(scene *s)
{
    return draw_below(s, 16) ? hook : NULL;
}
ad_poll *draw_poll(scene *s)
{
    return draw_below(s, 8) ? NULL : poll;
}
ad_tracer *draw_tracer(scene *s)
{
    return draw_below(s, 4) ? NULL : tracer;
}
