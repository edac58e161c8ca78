/* A program's text in C: the functions that its operations call, with all that these need. */
#include "program/c_formulas.h"
#include "program/c_text.h"

#include <ctype.h>
#include <string.h>

/* Operations whose functions are no kernels' formulas, as in ad_program_value. */
static const ad_c_formula own[] = {
    {"less", "(double a, double b)\n{\n    return a < b ? 1 : 0;\n}\n"},
    {"less_equal", "(double a, double b)\n{\n    return a <= b ? 1 : 0;\n}\n"},
    {"equal", "(double a, double b)\n{\n    return a == b ? 1 : 0;\n}\n"},
    {"not_equal", "(double a, double b)\n{\n    return a != b ? 1 : 0;\n}\n"},
    {"both", "(double a, double b)\n{\n    return a != 0 && b != 0 ? 1 : 0;\n}\n"},
    {"either", "(double a, double b)\n{\n    return a != 0 || b != 0 ? 1 : 0;\n}\n"},
    {"negation", "(double a)\n{\n    return a == 0 ? 1 : 0;\n}\n"},
    {"where", "(double a, double b, double c)\n{\n    return a != 0 ? b : c;\n}\n"},
    {"copysign", "(double a, double b)\n{\n    return copysign(a, b);\n}\n"},
    {"finite_shift", "(double a)\n{\n    return isfinite(a) ? a : 0;\n}\n"},
    {"fma", "(double a, double b, double c)\n{\n    return fma(a, b, c);\n}\n"},
};

/* What takes the place of functions if those of the C library are wanted. */
static const ad_c_formula of_c_library[] = {
    {"ad_exp_f64", "(double x)\n{\n    return exp(x);\n}\n"},
    {"ad_expm1_f64", "(double x)\n{\n    return expm1(x);\n}\n"},
    {"ad_log_f64", "(double x)\n{\n    return log(x);\n}\n"},
    {"ad_log1p_f64", "(double x)\n{\n    return log1p(x);\n}\n"},
    {"ad_tanh_f64", "(double x)\n{\n    return tanh(x);\n}\n"},
    {"ad_sigmoid_f64", "(double x)\n{\n    return 1 / (1 + exp(-x));\n}\n"},
    {"ad_gauss_f64", "(double x)\n{\n    return exp(-x * x);\n}\n"},
    {"ad_sin_number_value", "(double x)\n{\n    return sin(x);\n}\n"},
    {"ad_cos_number_value", "(double x)\n{\n    return cos(x);\n}\n"},
    {"ad_powi_value", "(double x, int n)\n{\n    return pow(x, n);\n}\n"},
};

static const char *find(const ad_c_formula *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].name, name) == 0)
            return list[i].text;
    return NULL;
}

/* ---- what is needed ----------------------------------------------------------------- */

enum { FORMULAS = 256, LONGEST_NAME = 64 };

static const char *replaced(const ad_c_text *c, const char *name)
{
    const size_t count = sizeof of_c_library / sizeof *of_c_library;
    return c->options.c_library ? find(of_c_library, count, name) : NULL;
}

static size_t length_of_word(const char *text)
{
    size_t length = 0;
    while (isalnum((unsigned char)text[length]) || text[length] == '_')
        length++;
    return length;
}

/* The next word that begins with ad_, or NULL. */
static const char *next_name(const char *text)
{
    while (*text) {
        const size_t length = length_of_word(text);
        if (length > 3 && memcmp(text, "ad_", 3) == 0)
            return text;
        text += length ? length : 1;
    }
    return NULL;
}

static void need(const ad_c_text *c, bool *needed, const char *name, size_t length)
{
    size_t i = 0;
    while (i < FORMULAS && ad_c_formulas[i].name &&
           (strlen(ad_c_formulas[i].name) != length ||
            memcmp(ad_c_formulas[i].name, name, length) != 0))
        i++;
    if (i == FORMULAS || !ad_c_formulas[i].name || needed[i])
        return;
    needed[i] = true;
    if (replaced(c, ad_c_formulas[i].name))
        return;
    for (const char *at = next_name(ad_c_formulas[i].text); at; at = next_name(at)) {
        const size_t word = length_of_word(at);
        need(c, needed, at, word);
        at += word;
    }
}

/* ---- writing ------------------------------------------------------------------------ */

/* A text whose names get the program's prefix instead of ad_. */
static void write_renamed(ad_c_text *c, const char *text)
{
    for (const char *next; (next = next_name(text)); text = next + 3) {
        ad_stream_add_bytes(&c->text, text, (size_t)(next - text));
        ad_stream_add(&c->text, "%s_f_", c->name);
    }
    ad_stream_add_bytes(&c->text, text, strlen(text));
}

static void write_formula(ad_c_text *c, const ad_c_formula *f)
{
    static const char inlined[] = "static inline ";
    const char *instead = replaced(c, f->name), *text = f->text;
    if (instead)
        ad_stream_add(&c->text, "%s_INLINE double %s_f_%s%s\n", c->capitals, c->name, f->name + 3,
                      instead);
    else if (*text) {
        if (strncmp(text, inlined, strlen(inlined)) == 0) {
            ad_stream_add(&c->text, "%s_INLINE ", c->capitals);
            text += strlen(inlined);
        }
        write_renamed(c, text);
        ad_stream_add(&c->text, "\n");
    }
}

/* sin and cos are one formula for near numbers, which becomes vectors, and another for others: in lanes, the first is
 * computed for all. */
static bool write_near(ad_c_text *c, uint32_t op)
{
    const char *name = ad_program_ops[op].name;
    if ((op != AD_PROGRAM_sin && op != AD_PROGRAM_cos) || c->options.c_library)
        return false;
    ad_stream_add(&c->text, "%s_NEAR(%s_%s, %s_f_%s_value_f64, %s_f_%s)\n\n", c->capitals, c->name,
                  name, c->name, name, c->name, ad_c_roots[op] + 3);
    return true;
}

/* The function of one, two or three numbers as one of NAME_real. */
static void write_operation(ad_c_text *c, uint32_t op)
{
    static const char *const arity[] = {"ONE", "TWO", "THREE"};
    const char *name = ad_program_ops[op].name;
    const char *text = find(own, sizeof own / sizeof *own, name);
    if (text)
        ad_stream_add(&c->text, "%s_INLINE double %s_f_%s%s\n", c->capitals, c->name, name, text);
    if (op == AD_PROGRAM_powi)
        ad_stream_add(&c->text,
                      "%s_INLINE double %s_f_powi(double a, double b)\n{\n"
                      "    return %s_f_powi_value(a, (int)b);\n}\n\n",
                      c->capitals, c->name, c->name);
    if (op == AD_PROGRAM_polygamma)
        ad_stream_add(&c->text,
                      "%s_INLINE double %s_f_polygamma(double a, double b)\n{\n"
                      "    return %s_f_polygamma_value((int)b, a);\n}\n\n",
                      c->capitals, c->name, c->name);
    if (write_near(c, op))
        return;
    const bool apart = text || op == AD_PROGRAM_powi || op == AD_PROGRAM_polygamma;
    ad_stream_add(&c->text, "%s_%s(%s_%s, %s_f_%s)\n\n", c->capitals,
                  arity[ad_program_ops[op].arity - 1], c->name, name, c->name,
                  apart ? name : ad_c_roots[op] + 3);
}

void ad_c_write_functions(ad_c_text *c)
{
    const ad_program *p = c->plan.program;
    bool used[AD_PROGRAM_OP_COUNT] = {false}, needed[FORMULAS] = {false};
    for (uint32_t i = 0; i < p->nodes; i++)
        used[p->node[i].op] = ad_c_is_function(p->node[i].op);
    for (uint32_t op = 0; op < AD_PROGRAM_OP_COUNT; op++)
        if (used[op] && ad_c_roots[op])
            need(c, needed, ad_c_roots[op], strlen(ad_c_roots[op]));
    for (size_t i = 0; i < FORMULAS && ad_c_formulas[i].name; i++)
        if (needed[i])
            write_formula(c, &ad_c_formulas[i]);
    for (uint32_t op = 0; op < AD_PROGRAM_OP_COUNT; op++)
        if (used[op])
            write_operation(c, op);
}
