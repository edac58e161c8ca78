/* Showing a tape: events as they happen, a listing, a drawing. */
#include "tape/show.h"

#include "tape/failure.h"

#include <string.h>

void ad_tape_trace(ad_tape *t, ad_tracer *tracer, void *user)
{
    if (!t || !ad_tape_take_over(t, "trace"))
        return;
    t->tracer = tracer;
    t->tracer_user = user;
    t->looked_on = t->tracer || t->poll;
    ad_tape_leave(t);
}

void ad_trace_event(ad_tape *t, ad_event_kind kind, uint32_t first)
{
    enum { MOST = 16 }; /* operands, and results, that an event shows */
    ad_shape operands[MOST], result[MOST];
    ad_type type[MOST];
    const ad_node *n = t->nodes[first];
    uint32_t results = ad_node_results(n);
    ad_event event = {.size = sizeof event,
                      .kind = kind,
                      .op = n->op->name,
                      .label = n->label,
                      .source_line = n->source_line,
                      .arity = n->arity < MOST ? (int)n->arity : MOST,
                      .results = results < MOST ? (int)results : MOST,
                      .operands = operands,
                      .result = result,
                      .type = type};
    for (int i = 0; i < event.arity; i++)
        operands[i] = ad_node_shape(t->nodes[ad_node_operands(n)[i]]);
    for (int i = 0; i < event.results; i++) {
        result[i] = ad_node_shape(t->nodes[first + (uint32_t)i]);
        type[i] = (ad_type)t->nodes[first + (uint32_t)i]->type;
    }
    t->busy = "the tracer";
    t->tracer(t->tracer_user, &event);
    t->busy = NULL;
}

char *ad_event_print(const ad_event *event, char *buffer, size_t size)
{
    ad_text text = ad_text_in(buffer, size);
    if (!event)
        return buffer;
    ad_text_add(&text, "%s%s(", event->kind == AD_EVENT_PULLBACK ? "pullback of " : "", event->op);
    for (int i = 0; i < event->arity; i++) {
        ad_text_add(&text, "%s", i ? ", " : "");
        ad_text_add_shape(&text, &event->operands[i]);
    }
    ad_text_add(&text, ")");
    for (int i = 0; i < event->results; i++) {
        ad_text_add(&text, "%s", i ? ", " : " -> ");
        ad_text_add_shape(&text, &event->result[i]);
    }
    return buffer;
}

void ad_node_add_names(ad_text *text, const ad_node *n)
{
    if (n->label)
        ad_text_add(text, " \"%s\"", n->label);
    if (n->source_line)
        ad_text_add(text, " at %s", n->source_line);
}

char *ad_tape_describe(const ad_tape *t, size_t node, char *buffer, size_t size)
{
    ad_text text = ad_text_in(buffer, size);
    AD_READING(t, "describe", buffer);
    if (!t || node >= t->count)
        return buffer;
    const ad_node *n = t->nodes[node], *first = t->nodes[ad_first_result(t, (uint32_t)node)];
    ad_shape shape = ad_node_shape(n);
    if (ad_node_results(n) > 1)
        ad_text_add(&text, "result %u of ", ad_node_result(n));
    ad_text_add(&text, "%s(", ad_node_name(n));
    for (uint32_t k = 0; k < first->arity; k++) {
        ad_shape operand = ad_node_shape(t->nodes[ad_node_operands(first)[k]]);
        ad_text_add(&text, "%s", k ? ", " : "");
        ad_text_add_shape(&text, &operand);
    }
    if (!n->op)
        ad_text_add_shape(&text, &shape);
    ad_text_add(&text, ")");
    ad_node_add_names(&text, n);
    return buffer;
}

static const char *role(const ad_node *n)
{
    return n->flags & AD_NODE_WATCHED   ? "watched"
           : n->flags & AD_NODE_TRACKED ? "tracked"
           : n->flags & AD_NODE_SEVERED ? "severed"
                                        : "constant";
}

static ad_status written(FILE *out)
{
    return ferror(out) ? AD_FILE : AD_OK;
}

ad_status ad_tape_print(const ad_tape *t, FILE *out)
{
    AD_READING(t, "print", AD_BUSY);
    if (!t || !out)
        return AD_MISUSE;
    for (uint32_t i = 0; i < t->count; i++) {
        char shape[64];
        const ad_node *n = t->nodes[i];
        ad_shape s = ad_node_shape(n);
        fprintf(out, "%6u  %-8s  %s", i, role(n), ad_node_name(n));
        for (uint32_t k = 0; k < n->arity; k++)
            fprintf(out, "%s%u", k ? ", " : "(", ad_node_operands(n)[k]);
        if (ad_node_result(n))
            fprintf(out, ", result %u of %u", ad_node_result(n), ad_first_result(t, i));
        fprintf(out, "%s -> %s %s%s%s\n", n->arity ? ")" : "", ad_type_text((ad_type)n->type),
                ad_shape_print(&s, shape, sizeof shape), n->label ? "  " : "",
                n->label ? n->label : "");
    }
    return written(out);
}

/* The label of a value; else the number of a constant, else the operation's name. */
static const char *title(const ad_node *n, char *text, size_t size)
{
    if (n->label || n->op || n->count != 1 || n->flags & AD_NODE_WATCHED)
        return n->label ? n->label : ad_node_name(n);
    ad_view v = ad_node_rows(n, n->data);
    snprintf(text, size, "%g", ad_view_get(&v, 0));
    return text;
}

/* A label in DOT's quotes. */
static void print_quoted(FILE *out, const char *text)
{
    for (; *text; text++)
        if (*text == '\n')
            fputs("\\n", out);
        else
            fprintf(out, "%s%c", strchr("\"\\", *text) ? "\\" : "", *text);
}

ad_status ad_tape_dot(const ad_tape *t, FILE *out)
{
    AD_READING(t, "dot", AD_BUSY);
    if (!t || !out)
        return AD_MISUSE;
    fputs("digraph tape {\n    node [fontname=\"Helvetica\", shape=box, style=rounded];\n", out);
    for (uint32_t i = 0; i < t->count; i++) {
        char shape[64], number[32];
        const ad_node *n = t->nodes[i];
        ad_shape s = ad_node_shape(n);
        fprintf(out, "    n%u [label=\"", i);
        print_quoted(out, title(n, number, sizeof number));
        fprintf(out, "\\n%s %s\"%s];\n", ad_type_text((ad_type)n->type),
                ad_shape_print(&s, shape, sizeof shape),
                n->flags & AD_NODE_WATCHED   ? ", style=\"rounded,filled\", fillcolor=lightblue"
                : n->flags & AD_NODE_TRACKED ? ""
                                             : ", color=gray, fontcolor=gray");
        for (uint32_t k = 0; k < n->arity; k++) {
            const ad_node *o = t->nodes[ad_node_operands(n)[k]];
            fprintf(out, "    n%u -> n%u%s;\n", ad_node_operands(n)[k], i,
                    o->flags & AD_NODE_TRACKED && n->flags & AD_NODE_TRACKED ? ""
                                                                             : " [color=gray]");
        }
        if (ad_node_result(n)) /* beside the first, which has the operands */
            fprintf(out, "    n%u -> n%u [style=dotted, arrowhead=none, label=\"result %u\"];\n",
                    ad_first_result(t, i), i, ad_node_result(n));
    }
    fputs("}\n", out);
    return written(out);
}
