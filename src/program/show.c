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
/* clang-format off */
#define OF(name, weight) [AD_PROGRAM_##name] = weight
static const unsigned char weights[AD_PROGRAM_OP_COUNT] = {
    OF(div, 1), OF(reciprocal, 1), OF(sqrt, 1), OF(rsqrt, 1), OF(softsign, 1),
    OF(hard_sigmoid, 1), OF(hard_swish, 1), OF(clamp, 1), OF(lerp, 1),
    OF(exp, 2), OF(expm1, 2), OF(log, 2), OF(log1p, 2), OF(sin, 2), OF(cos, 2), OF(tanh, 2),
    OF(sigmoid, 2), OF(elu, 2), OF(selu, 2), OF(celu, 2), OF(silu, 2), OF(gelu, 2), OF(mish, 2),
    OF(gauss, 2), OF(powi, 2),
    OF(exp2, 3), OF(log2, 3), OF(log10, 3), OF(asin, 3), OF(acos, 3), OF(acosh, 3), OF(erf, 3),
    OF(erfc, 3), OF(log_sigmoid, 3), OF(softplus, 3), OF(gelu_erf, 3), OF(hypot, 3), OF(fmod, 3),
    OF(fma, 3),
    OF(cbrt, 4), OF(tan, 4), OF(atan, 4), OF(sinh, 4), OF(cosh, 4), OF(asinh, 4), OF(atanh, 4),
    OF(lgamma, 4), OF(pow, 4), OF(xlogy, 4), OF(xlog1py, 4), OF(atan2, 4),
    OF(log1mexp, 5), OF(digamma, 5),
    OF(polygamma, 6),
};
#undef OF
/* clang-format on */

double ad_program_cost(const ad_program *p)
{
    double cost = 0;
    for (uint32_t i = 0; p && i < p->nodes; i++)
        cost += (double)(1 << weights[p->node[i].op]);
    return cost;
}
