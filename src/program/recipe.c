/* From texts of expressions to operations. */
#include "program/recipe.h"

#include <math.h>
#include <string.h>

/* ---- steps -------------------------------------------------------------------------- */

typedef struct parse {
    const char *at;
    ad_recipe *recipe;
    bool good;
} parse;

static uint32_t refuse(parse *p)
{
    p->good = false;
    return 0;
}

static uint32_t add_constant(parse *p, double value)
{
    ad_recipe *r = p->recipe;
    if (r->constants == AD_RECIPE_CONSTANTS)
        return refuse(p);
    r->constant[r->constants] = value;
    return r->constants++ | AD_BUILD_CONSTANT;
}

static uint32_t add_step(parse *p, uint32_t op, uint32_t x, uint32_t y, uint32_t z)
{
    ad_recipe *r = p->recipe;
    if (r->steps == AD_RECIPE_STEPS)
        return refuse(p);
    r->step[r->steps] = (ad_program_node){op, {x, y, z}};
    return AD_RECIPE_FIRST + r->steps++;
}

/* ---- words -------------------------------------------------------------------------- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void skip_blanks(parse *p)
{
    while (*p->at == ' ')
        p->at++;
}

/* Whether the text goes on with these characters; then it stands behind them. */
static bool take(parse *p, const char *word)
{
    skip_blanks(p);
    size_t length = strlen(word);
    if (strncmp(p->at, word, length) != 0)
        return false;
    p->at += length;
    return true;
}

/* Short numbers, such as 2 or 0.5: those that are exact in any way of reading. */
static uint32_t read_number(parse *p)
{
    double value = 0, unit = 1;
    for (; is_digit(*p->at); p->at++)
        value = 10 * value + (*p->at - '0');
    if (*p->at == '.')
        for (p->at++; is_digit(*p->at); p->at++, unit *= 10)
            value = 10 * value + (*p->at - '0');
    return add_constant(p, value / unit);
}

static uint32_t read_choice(parse *p);

/* ---- names -------------------------------------------------------------------------- */

static bool is_word(const char *name, size_t length, const char *word)
{
    return strlen(word) == length && memcmp(name, word, length) == 0;
}

static uint32_t read_constant(parse *p, const char *name, size_t length)
{
    static const struct {
        const char *name;
        double value;
    } constants[] = {{"AD_LN_2", 0.693147180559945309417232121458176568},
                     {"AD_LOG2_E", 1.442695040888963407359924681001892137},
                     {"AD_LOG10_E", 0.434294481903251827651128918916605082},
                     {"AD_2_BY_ROOT_PI", 1.12837916709551257390},
                     {"AD_SELU_SCALE", 1.0507009873554804934193349852946},
                     {"AD_SELU_ALPHA", 1.7580993408473768599402175208123},
                     {"GELU_SCALE", 1.59576912160573071176},
                     {"GELU_CUBIC", 0.044715},
                     {"ROOT_HALF", 0.707106781186547524401},
                     {"NORMAL", 0.398942280401432677940},
                     {"INFINITY", (double)INFINITY},
                     {"NAN", (double)NAN}};
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        if (is_word(name, length, constants[i].name))
            return add_constant(p, constants[i].value);
    return refuse(p);
}

static uint32_t read_variable(parse *p, const char *name, size_t length)
{
    if (length == 1 && *name == 'y')
        return AD_RECIPE_RESULT;
    if (length == 1 && *name == 'x')
        return 0;
    if (length == 1 && *name >= 'a' && *name <= 'c')
        return (uint32_t)(*name - 'a');
    return read_constant(p, name, length);
}

/* What a function is called in expressions, where that is not the name of its operation. */
static uint32_t op_of(const char *name, size_t length)
{
    static const struct {
        const char *name;
        uint32_t op;
    } others[] = {{"AD_EXP", AD_PROGRAM_exp},     {"AD_EXPM1", AD_PROGRAM_expm1},
                  {"AD_LOG", AD_PROGRAM_log},     {"AD_LOG1P", AD_PROGRAM_log1p},
                  {"AD_TANH", AD_PROGRAM_tanh},   {"AD_SIGMOID", AD_PROGRAM_sigmoid},
                  {"AD_SIN", AD_PROGRAM_sin},     {"AD_COS", AD_PROGRAM_cos},
                  {"AD_GAUSS", AD_PROGRAM_gauss}, {"AD_VANISHING", AD_PROGRAM_vanishing},
                  {"fabs", AD_PROGRAM_abs},       {"rint", AD_PROGRAM_round},
                  {"log_of", AD_PROGRAM_log},     {"log1p_of", AD_PROGRAM_log1p}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (is_word(name, length, others[i].name))
            return others[i].op;
    for (uint32_t op = 0; op < AD_PROGRAM_OP_COUNT; op++)
        if (is_word(name, length, ad_program_ops[op].name))
            return op;
    return AD_PROGRAM_OP_COUNT;
}

/* a is not below b, or not above it: or it is a NaN. */
static uint32_t compare_or_nan(parse *p, uint32_t less, uint32_t greater, uint32_t a)
{
    return add_step(p, AD_PROGRAM_either, add_step(p, AD_PROGRAM_less_equal, less, greater, 0),
                    add_step(p, AD_PROGRAM_not_equal, a, a, 0), 0);
}

static uint32_t read_call(parse *p, const char *name, size_t length)
{
    uint32_t of[3] = {0}, count = 0;
    do {
        if (count == 3)
            return refuse(p);
        of[count++] = read_choice(p);
    } while (p->good && take(p, ","));
    if (!p->good || !take(p, ")"))
        return refuse(p);
    if (is_word(name, length, "AD_LIKE")) /* a constant in the type of x */
        return of[1];
    if (is_word(name, length, "AD_NOT_BELOW"))
        return compare_or_nan(p, of[1], of[0], of[0]);
    if (is_word(name, length, "AD_NOT_ABOVE"))
        return compare_or_nan(p, of[0], of[1], of[0]);
    uint32_t op = op_of(name, length);
    if (op == AD_PROGRAM_OP_COUNT || ad_program_ops[op].arity != count)
        return refuse(p);
    return add_step(p, op, of[0], of[1], of[2]);
}

/* ---- operators, from the tightest on ------------------------------------------------ */

static uint32_t read_primary(parse *p)
{
    skip_blanks(p);
    if (is_digit(*p->at))
        return read_number(p);
    if (take(p, "(")) {
        uint32_t value = read_choice(p);
        return take(p, ")") ? value : refuse(p);
    }
    const char *name = p->at;
    while (is_letter(*p->at) || (p->at > name && is_digit(*p->at)))
        p->at++;
    size_t length = (size_t)(p->at - name);
    if (length == 0)
        return refuse(p);
    return take(p, "(") ? read_call(p, name, length) : read_variable(p, name, length);
}

static uint32_t read_sign(parse *p)
{
    if (take(p, "-"))
        return add_step(p, AD_PROGRAM_neg, read_sign(p), 0, 0);
    skip_blanks(p);
    if (p->at[0] == '!' && p->at[1] != '=' && take(p, "!"))
        return add_step(p, AD_PROGRAM_negation, read_sign(p), 0, 0);
    return read_primary(p);
}

/* Parts with one of two operators between them, from left to right. */
static uint32_t read_row(parse *p, uint32_t (*read_part)(parse *), const char *const operators[2],
                         const uint32_t ops[2])
{
    uint32_t value = read_part(p);
    while (p->good) {
        const int which = take(p, operators[0]) ? 0 : operators[1] && take(p, operators[1]) ? 1 : 2;
        if (which == 2)
            break;
        value = add_step(p, ops[which], value, read_part(p), 0);
    }
    return value;
}

static uint32_t read_product(parse *p)
{
    return read_row(p, read_sign, (const char *const[]){"*", "/"},
                    (const uint32_t[]){AD_PROGRAM_mul, AD_PROGRAM_div});
}

static uint32_t read_sum(parse *p)
{
    return read_row(p, read_product, (const char *const[]){"+", "-"},
                    (const uint32_t[]){AD_PROGRAM_add, AD_PROGRAM_sub});
}

static uint32_t read_comparison(parse *p)
{
    static const struct {
        const char *text;
        uint32_t op;
        bool swapped;
    } comparisons[] = {{"<=", AD_PROGRAM_less_equal, false}, {">=", AD_PROGRAM_less_equal, true},
                       {"==", AD_PROGRAM_equal, false},      {"!=", AD_PROGRAM_not_equal, false},
                       {"<", AD_PROGRAM_less, false},        {">", AD_PROGRAM_less, true}};
    uint32_t a = read_sum(p);
    for (size_t i = 0; p->good && i < sizeof comparisons / sizeof *comparisons; i++)
        if (take(p, comparisons[i].text)) {
            uint32_t b = read_sum(p);
            return comparisons[i].swapped ? add_step(p, comparisons[i].op, b, a, 0)
                                          : add_step(p, comparisons[i].op, a, b, 0);
        }
    return a;
}

static uint32_t read_both(parse *p)
{
    return read_row(p, read_comparison, (const char *const[]){"&&", NULL},
                    (const uint32_t[]){AD_PROGRAM_both, 0});
}

static uint32_t read_either(parse *p)
{
    return read_row(p, read_both, (const char *const[]){"||", NULL},
                    (const uint32_t[]){AD_PROGRAM_either, 0});
}

static uint32_t read_choice(parse *p)
{
    uint32_t value = read_either(p);
    if (!p->good || !take(p, "?"))
        return value;
    uint32_t first = read_choice(p);
    if (!take(p, ":"))
        return refuse(p);
    uint32_t second = read_choice(p);
    return add_step(p, AD_PROGRAM_where, value, first, second);
}

bool ad_recipe_parse(const char *text, ad_recipe *recipe)
{
    parse p = {.at = text, .recipe = recipe, .good = true};
    recipe->steps = recipe->constants = 0;
    recipe->value = read_choice(&p);
    skip_blanks(&p);
    return p.good && *p.at == '\0';
}

/* ---- building ----------------------------------------------------------------------- */

uint32_t ad_recipe_build(ad_builder *b, const ad_recipe *recipe, const uint32_t *operand,
                         uint32_t result)
{
    uint32_t value[AD_RECIPE_FIRST + AD_RECIPE_STEPS];
    value[0] = operand[0], value[1] = operand[1], value[2] = operand[2];
    value[AD_RECIPE_RESULT] = result;
#define VALUE_OF(at)                                                                        \
    (ad_is_constant(at) ? ad_build_constant(b, recipe->constant[(at) & ~AD_BUILD_CONSTANT]) \
                        : value[at])
    for (uint32_t i = 0; i < recipe->steps; i++) {
        const ad_program_node *s = &recipe->step[i];
        const uint32_t arity = ad_program_ops[s->op].arity;
        uint32_t of[3] = {AD_NO_VALUE, AD_NO_VALUE, AD_NO_VALUE};
        for (uint32_t k = 0; k < arity; k++)
            of[k] = VALUE_OF(s->of[k]);
        value[AD_RECIPE_FIRST + i] = ad_build(b, s->op, of[0], of[1], of[2]);
    }
    return VALUE_OF(recipe->value);
#undef VALUE_OF
}
