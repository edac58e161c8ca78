/* Derivatives of operations: those of elementwise operations are the texts that these keep (op.h); where such a
 * text is in terms that programs do not have, or would be long, it is here. At the ends of the range of f64, where
 * the operation takes care and the text here does not, the derivative may overflow. */
#include "program/slopes.h"

#include "base/memory.h"

#include <string.h>

/* ---- texts -------------------------------------------------------------------------- */

#define GELU_INSIDE "(GELU_SCALE * (x + GELU_CUBIC * x * x * x))"
#define GELU_SLOPE  "(GELU_SCALE * (1 + 3 * GELU_CUBIC * x * x))"

typedef struct own_slope {
    uint32_t op;
    const char *slope[3];
} own_slope;

static const own_slope own_slopes[] = {
    {AD_PROGRAM_exp2, {"AD_LN_2 * y"}},
    {AD_PROGRAM_log1mexp, {"x > 0 ? NAN : -exp(x) / abs(expm1(x))"}},
    {AD_PROGRAM_digamma, {"polygamma(x, 1)"}},
    {AD_PROGRAM_silu, {"sigmoid(x) + vanishing(sigmoid(x) * sigmoid(-x), x)"}},
    {AD_PROGRAM_gelu,
     {"sigmoid(" GELU_INSIDE ") + vanishing(vanishing(sigmoid(" GELU_INSIDE
      ") * sigmoid(-" GELU_INSIDE "), " GELU_SLOPE "), x)"}},
    {AD_PROGRAM_gelu_erf,
     {"0.5 * erfc(-ROOT_HALF * x) + vanishing(NORMAL * gauss(ROOT_HALF * x), x)"}},
    {AD_PROGRAM_mish,
     {"tanh(softplus(x)) + vanishing((1 - tanh(softplus(x)) * tanh(softplus(x))) * sigmoid(x), "
      "x)"}},
    {AD_PROGRAM_pow, {"b == 0 ? 0 : b * pow(a, b - 1)", "a > 0 ? y * log(a) : 0"}},
    {AD_PROGRAM_xlogy, {"log(b)", "vanishing(a, 1 / b)"}},
    {AD_PROGRAM_xlog1py, {"log1p(b)", "vanishing(a, 1 / (1 + b))"}},
    {AD_PROGRAM_hypot, {"y == 0 ? 0 : a / y", "y == 0 ? 0 : b / y"}},
    {AD_PROGRAM_atan2,
     {"hypot(a, b) == 0 ? 0 : b / hypot(a, b) / hypot(a, b)",
      "hypot(a, b) == 0 ? 0 : -(a / hypot(a, b) / hypot(a, b))"}},
    {AD_PROGRAM_powi, {"b * powi(a, b - 1)", "0"}},
    {AD_PROGRAM_less, {"0", "0"}},
    {AD_PROGRAM_less_equal, {"0", "0"}},
    {AD_PROGRAM_equal, {"0", "0"}},
    {AD_PROGRAM_not_equal, {"0", "0"}},
    {AD_PROGRAM_both, {"0", "0"}},
    {AD_PROGRAM_either, {"0", "0"}},
    {AD_PROGRAM_negation, {"0"}},
    {AD_PROGRAM_where, {"0", "a != 0", "a == 0"}},
    {AD_PROGRAM_vanishing, {"b", "a"}},
    {AD_PROGRAM_copysign, {"copysign(1, a) * copysign(1, b)", "0"}},
    {AD_PROGRAM_gauss, {"vanishing(y, -2 * x)"}},
    {AD_PROGRAM_polygamma, {"polygamma(a, b + 1)", "0"}},
    {AD_PROGRAM_detach, {"0"}},
    {AD_PROGRAM_finite_shift, {"0"}},
    {AD_PROGRAM_fma, {"b", "a", "1"}},
};

const char *ad_slope_text(uint32_t op, uint32_t k)
{
    for (size_t i = 0; i < sizeof own_slopes / sizeof *own_slopes; i++)
        if (own_slopes[i].op == op)
            return own_slopes[i].slope[k];
    const ad_op *of_tensors = ad_builtin_op_named(ad_program_ops[op].name);
    return of_tensors ? of_tensors->slope[k] : NULL;
}

/* ---- recipes ------------------------------------------------------------------------ */

void ad_slopes_end(ad_slopes *s)
{
    for (uint32_t op = 0; op < AD_PROGRAM_OP_COUNT; op++)
        for (int k = 0; k < 3; k++)
            if (s->recipe[op][k])
                ad_memory_give(s->build->options.allocator, s->recipe[op][k],
                               sizeof *s->recipe[op][k]);
    memset(s->recipe, 0, sizeof s->recipe);
}

/* NULL with an error. */
static const ad_recipe *find_recipe(ad_slopes *s, uint32_t op, uint32_t k)
{
    ad_recipe **known = &s->recipe[op][k];
    if (*known)
        return *known;
    ad_recipe *recipe = ad_memory_take(s->build->options.allocator, sizeof *recipe);
    const char *text = ad_slope_text(op, k);
    if (!recipe)
        ad_build_fail(s->build, AD_MEMORY, "program: memory ran out");
    else if (!text || !ad_recipe_parse(text, recipe)) {
        ad_memory_give(s->build->options.allocator, recipe, sizeof *recipe);
        recipe = NULL;
        ad_build_fail(s->build, AD_NO_DERIVATIVE, "program: %s has no derivative",
                      ad_program_ops[op].name);
    }
    return *known = recipe;
}

/* ---- flows -------------------------------------------------------------------------- */

/* Whether a derivative may be 0 by a choice: where it is one, or made of truths. */
static bool is_masked(const ad_builder *b, uint32_t value)
{
    if (!ad_is_node(b, value))
        return false;
    const ad_program_node *n = ad_node_of(b, value);
    if (n->op == AD_PROGRAM_where || n->op == AD_PROGRAM_vanishing || ad_is_truth(b, value))
        return true;
    return n->op == AD_PROGRAM_sub && ad_is_truth(b, n->of[0]);
}

static bool is_zero(const ad_builder *b, uint32_t value)
{
    return ad_is_constant(value) && value != AD_NO_VALUE && ad_constant_of(b, value) == 0;
}

ad_flow ad_flow_multiply(ad_builder *b, ad_flow g, uint32_t slope)
{
    if (g.value == AD_NO_VALUE || slope == AD_NO_VALUE || is_zero(b, slope))
        return (ad_flow){AD_NO_VALUE, false};
    if (ad_is_truth(b, slope))
        return (ad_flow){ad_build(b, AD_PROGRAM_where, slope, g.value, ad_build_constant(b, 0)),
                         true};
    bool masked = g.masked || is_masked(b, slope);
    bool beside_constant = ad_is_constant(slope) && b->status == AD_OK;
    uint32_t op = masked && !beside_constant ? AD_PROGRAM_vanishing : AD_PROGRAM_mul;
    return (ad_flow){ad_build_two(b, op, g.value, slope), masked};
}

uint32_t ad_slope_by(ad_slopes *s, uint32_t op, uint32_t k, const uint32_t *operand,
                     uint32_t result)
{
    const ad_recipe *recipe = find_recipe(s, op, k);
    return recipe ? ad_recipe_build(s->build, recipe, operand, result) : AD_NO_VALUE;
}

ad_flow ad_flow_add(ad_builder *b, ad_flow x, ad_flow y)
{
    if (x.value == AD_NO_VALUE || y.value == AD_NO_VALUE)
        return x.value == AD_NO_VALUE ? y : x;
    return (ad_flow){ad_build_two(b, AD_PROGRAM_add, x.value, y.value), x.masked && y.masked};
}
