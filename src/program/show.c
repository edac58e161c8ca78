/* Programs shown to people: a listing, a drawing, a census. */
#include "program/program.h"

#include <stdlib.h>
#include <string.h>

/* ---- values by name ----------------------------------------------------------------- */

/* The fewest digits that give the same number. */
static void write_number(FILE *out, double value)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    fputs(text, out);
}

static void write_value(FILE *out, const ad_program *p, uint32_t value)
{
    if (ad_value_is_constant(p, value))
        write_number(out, p->constant[value]);
    else if (ad_value_is_input(p, value))
        fprintf(out, "x%u", value - p->constants);
    else
        fprintf(out, "v%u", value - ad_program_first_node(p));
}

static ad_status written(FILE *out)
{
    return ferror(out) ? AD_FILE : AD_OK;
}

/* ---- the listing -------------------------------------------------------------------- */

static void write_count(FILE *out, const char *before, uint32_t count, const char *what)
{
    fprintf(out, "%s%u %s%s", before, count, what, count == 1 ? "" : "s");
}

static void write_head(FILE *out, const ad_program *p)
{
    write_count(out, "program: ", p->inputs, "input");
    write_count(out, ", ", p->outputs, "output");
    write_count(out, ", ", p->nodes, "operation");
    if (p->guards)
        write_count(out, ", ", p->guards, "guard");
    fputs(p->guards ? " among them\n" : "\n", out);
}

static void write_guard(FILE *out, const ad_program *p, const ad_program_node *n)
{
    fputs("    guard: ", out);
    write_value(out, p, n->of[0]);
    fprintf(out, " is %s, at %s\n", n->of[1] ? "true" : "false", ad_guard_line(p, n->of[2]));
}

static void write_operation(FILE *out, const ad_program *p, uint32_t node)
{
    const ad_program_node *n = &p->node[node];
    fprintf(out, "    v%u = %s(", node, ad_program_ops[n->op].name);
    for (uint32_t k = 0; k < ad_program_ops[n->op].arity; k++) {
        fputs(k ? ", " : "", out);
        write_value(out, p, n->of[k]);
    }
    fputs(")\n", out);
}

ad_status ad_program_print(const ad_program *p, FILE *out)
{
    if (!p || !out)
        return AD_MISUSE;
    write_head(out, p);
    for (uint32_t i = 0; i < p->nodes; i++)
        if (p->node[i].op == AD_PROGRAM_guard)
            write_guard(out, p, &p->node[i]);
        else
            write_operation(out, p, i);
    for (uint32_t j = 0; j < p->outputs; j++) {
        fprintf(out, "    y%u = ", j);
        write_value(out, p, p->output[j]);
        fputc('\n', out);
    }
    return written(out);
}

/* ---- the drawing -------------------------------------------------------------------- */

/* Text in DOT's quotes. */
static void draw_text(FILE *out, const char *text)
{
    for (; *text; text++)
        fprintf(out, "%s%c", strchr("\"\\", *text) ? "\\" : "", *text);
}

/* An arrow from a value. A constant is drawn for each of its uses: one in the middle of all would tie everything
 * together. */
static void draw_arrow(FILE *out, const ad_program *p, uint32_t value, const char *kind,
                       uint32_t to, uint32_t operand)
{
    if (ad_value_is_constant(p, value)) {
        fprintf(out, "    c%s%u_%u [label=\"", kind, to, operand);
        write_value(out, p, value);
        fprintf(out, "\", color=gray, fontcolor=gray];\n    c%s%u_%u", kind, to, operand);
    } else {
        fputs("    ", out);
        write_value(out, p, value);
    }
    fprintf(out, " -> %s%u%s;\n", kind, to, ad_value_is_constant(p, value) ? " [color=gray]" : "");
}

static void draw_node(FILE *out, const ad_program *p, uint32_t node)
{
    const ad_program_node *n = &p->node[node];
    const bool guard = n->op == AD_PROGRAM_guard;
    fprintf(out, "    v%u [label=\"", node);
    if (guard) {
        fprintf(out, "%s at ", n->of[1] ? "true" : "false");
        draw_text(out, ad_guard_line(p, n->of[2]));
    } else {
        fputs(ad_program_ops[n->op].name, out);
    }
    fprintf(out, "\"%s];\n", guard ? ", shape=diamond, color=red" : "");
    for (uint32_t k = 0; k < ad_program_ops[n->op].arity; k++)
        draw_arrow(out, p, n->of[k], "v", node, k);
}

ad_status ad_program_draw(const ad_program *p, FILE *out)
{
    if (!p || !out)
        return AD_MISUSE;
    fputs("digraph program {\n    node [fontname=\"Helvetica\", shape=box, style=rounded];\n", out);
    for (uint32_t i = 0; i < p->inputs; i++)
        fprintf(out, "    x%u [label=\"x%u\", style=\"rounded,filled\", fillcolor=lightblue];\n", i,
                i);
    for (uint32_t i = 0; i < p->nodes; i++)
        draw_node(out, p, i);
    for (uint32_t j = 0; j < p->outputs; j++) {
        fprintf(out, "    y%u [label=\"y%u\", style=\"rounded,bold\"];\n", j, j);
        draw_arrow(out, p, p->output[j], "y", j, 0);
    }
    fputs("}\n", out);
    return written(out);
}

/* ---- the census --------------------------------------------------------------------- */

size_t ad_program_count(const ad_program *p, const char *op)
{
    size_t count = 0;
    if (!p || !op)
        return p ? p->nodes : 0;
    const uint32_t code = ad_program_op_named(op);
    for (uint32_t i = 0; i < p->nodes; i++)
        count += p->node[i].op == code;
    return count;
}

const char *ad_program_operation(size_t i)
{
    return i < AD_PROGRAM_OP_COUNT ? ad_program_ops[i].name : NULL;
}

/* What takes longer than an addition: log2 of how many, measured on rows of 1024 numbers. */
#define OP_WEIGHT(name, weight) [AD_PROGRAM_##name] = weight,
#define OP_WEIGHTS(ROW)                                                                            \
    ROW(div, 1)                                                                                    \
    ROW(reciprocal, 1)                                                                             \
    ROW(sqrt, 1)                                                                                   \
    ROW(rsqrt, 1)                                                                                  \
    ROW(softsign, 1)                                                                               \
    ROW(hard_sigmoid, 1) ROW(hard_swish, 1) ROW(clamp, 1) ROW(lerp, 1) ROW(exp, 2) ROW(expm1, 2)   \
        ROW(log, 2) ROW(log1p, 2) ROW(sin, 2) ROW(cos, 2) ROW(tanh, 2) ROW(sigmoid, 2) ROW(elu, 2) \
            ROW(selu, 2) ROW(celu, 2) ROW(silu, 2) ROW(gelu, 2) ROW(mish, 2) ROW(gauss, 2)         \
                ROW(powi, 2) ROW(exp2, 3) ROW(log2, 3) ROW(log10, 3) ROW(asin, 3) ROW(acos, 3)     \
                    ROW(acosh, 3) ROW(erf, 3) ROW(erfc, 3) ROW(log_sigmoid, 3) ROW(softplus, 3)    \
                        ROW(gelu_erf, 3) ROW(hypot, 3) ROW(fmod, 3) ROW(fma, 3) ROW(cbrt, 4)       \
                            ROW(tan, 4) ROW(atan, 4) ROW(sinh, 4) ROW(cosh, 4) ROW(asinh, 4)       \
                                ROW(atanh, 4) ROW(lgamma, 4) ROW(pow, 4) ROW(xlogy, 4)             \
                                    ROW(xlog1py, 4) ROW(atan2, 4) ROW(log1mexp, 5) ROW(digamma, 5) \
                                        ROW(polygamma, 6)

double ad_program_cost(const ad_program *p)
{
    static const unsigned char weight[AD_PROGRAM_OP_COUNT] = {OP_WEIGHTS(OP_WEIGHT)};
    double cost = 0;
    for (uint32_t i = 0; p && i < p->nodes; i++)
        cost += (double)(1 << weight[p->node[i].op]);
    return cost;
}
#undef OP_WEIGHT
#undef OP_WEIGHTS
