/* Writing files of programs. */
#include "adze/io/programs.h"

#include "base/memory.h"
#include "io/programs.h"
#include "io/sink.h"
#include "io/source.h"
#include "program/program.h"

#include <string.h>

/* Collects words. Does nothing after a failure. */
typedef struct word_writer {
    ad_sink *sink;
    ad_status status;
    uint32_t checksum; /* CRC-32 of what the sink has */
    size_t held;
    unsigned char bytes[4096];
} word_writer;

static void hand_over(word_writer *w)
{
    if (w->status != AD_OK)
        return;
    w->checksum = (uint32_t)crc32_z(w->checksum, w->bytes, w->held);
    w->status = ad_sink_write(w->sink, w->bytes, w->held);
    w->held = 0;
}

static void put_word(word_writer *w, uint64_t word, size_t width)
{
    if (sizeof w->bytes - w->held < width)
        hand_over(w);
    if (w->status != AD_OK)
        return;
    ad_put_word(w->bytes + w->held, word, width);
    w->held += width;
}

/* ---- operations and lines ----------------------------------------------------------- */

/* What of a program the file says in its own way. */
typedef struct program_plan {
    const ad_program *program;
    ad_program_header header;
    uint32_t place[AD_PROGRAM_OP_COUNT]; /* in the list of names; UINT32_MAX: not used */
    unsigned char *used;                 /* [inputs] */
} program_plan;

static void name_operations(program_plan *plan)
{
    const ad_program *p = plan->program;
    memset(plan->place, 0xff, sizeof plan->place);
    for (uint32_t i = 0; i < p->nodes; i++)
        plan->place[p->node[i].op] = 0;
    for (uint32_t op = 0; op < AD_PROGRAM_OP_COUNT; op++)
        if (plan->place[op] == 0) {
            plan->place[op] = plan->header.names++;
            plan->header.text += strlen(ad_program_ops[op].name) + 1;
        }
}

static const char *line_of(const ad_program *p, uint32_t guard)
{
    return p->guard_line[guard] ? p->guard_line[guard] : "";
}

static void put_text(word_writer *w, const char *text)
{
    for (; *text; text++) /* readers take no control characters */
        put_word(w, (unsigned char)*text < ' ' || *text == 127 ? '?' : (unsigned char)*text, 1);
    put_word(w, 0, 1);
}

static void put_texts(word_writer *w, const program_plan *plan)
{
    for (uint32_t op = 0; op < AD_PROGRAM_OP_COUNT; op++)
        if (plan->place[op] != UINT32_MAX)
            put_text(w, ad_program_ops[op].name);
    for (uint32_t i = 0; i < plan->program->guards; i++)
        put_text(w, line_of(plan->program, i));
}

/* ---- the rest ----------------------------------------------------------------------- */

static void use_value(program_plan *plan, uint32_t value)
{
    if (ad_value_is_input(plan->program, value))
        plan->used[value - plan->program->constants] = 1;
}

static void find_used(program_plan *plan)
{
    const ad_program *p = plan->program;
    memset(plan->used, 0, p->inputs);
    for (const ad_program_node *n = p->node; n < p->node + p->nodes; n++)
        for (uint32_t k = 0; k < ad_program_ops[n->op].arity; k++)
            use_value(plan, n->of[k]);
    for (uint32_t i = 0; i < p->outputs; i++)
        use_value(plan, p->output[i]);
}

static void put_header(word_writer *w, const ad_program_header *h)
{
    const uint32_t counts[AD_PROGRAM_COUNTS] = {h->version, h->allow, h->names,   h->constants,
                                                h->inputs,  h->nodes, h->outputs, h->guards};
    for (int i = 0; i < AD_PROGRAM_MAGIC_BYTES; i++)
        put_word(w, (unsigned char)AD_PROGRAM_MAGIC[i], 1);
    for (int i = 0; i < AD_PROGRAM_COUNTS; i++)
        put_word(w, counts[i], 4);
    put_word(w, h->text, 8);
}

static void put_node(word_writer *w, const program_plan *plan, const ad_program_node *n)
{
    const uint32_t words = n->op == AD_PROGRAM_guard ? 3 : ad_program_ops[n->op].arity;
    put_word(w, plan->place[n->op], 4);
    for (uint32_t k = 0; k < 3; k++)
        put_word(w, k < words ? n->of[k] : UINT32_MAX, 4);
}

static void put_values(word_writer *w, const program_plan *plan)
{
    const ad_program *p = plan->program;
    for (uint32_t i = 0; i < p->constants; i++) {
        uint64_t bits;
        memcpy(&bits, &p->constant[i], sizeof bits);
        put_word(w, bits, sizeof bits);
    }
    for (uint32_t i = 0; i < p->nodes; i++)
        put_node(w, plan, &p->node[i]);
    for (uint32_t i = 0; i < p->outputs; i++)
        put_word(w, p->output[i], 4);
    for (uint32_t i = 0; i < p->inputs; i++)
        put_word(w, plan->used[i], 1);
}

static ad_status write_program(ad_sink *sink, const program_plan *plan)
{
    word_writer w = {.sink = sink};
    put_header(&w, &plan->header);
    put_values(&w, plan);
    put_texts(&w, plan);
    hand_over(&w);
    put_word(&w, w.checksum, AD_PROGRAM_CHECKSUM_BYTES);
    hand_over(&w);
    return w.status;
}

/* ---- all of it ---------------------------------------------------------------------- */

static program_plan plan_of(const ad_program *p)
{
    program_plan plan = {.program = p,
                         .header = {.version = AD_PROGRAM_VERSION,
                                    .allow = p->options.allow,
                                    .constants = p->constants,
                                    .inputs = p->inputs,
                                    .nodes = p->nodes,
                                    .outputs = p->outputs,
                                    .guards = p->guards}};
    name_operations(&plan);
    for (uint32_t i = 0; i < p->guards; i++)
        plan.header.text += strlen(line_of(p, i)) + 1;
    return plan;
}

ad_status ad_program_save(const ad_program *p, const char *path, const ad_write_options *options,
                          ad_error *error)
{
    if (!ad_program_given(p, "program_save", error))
        return error && error->status != AD_OK ? error->status : AD_MISUSE;
    if (!path)
        return ad_fail(error, AD_MISUSE, "program_save: the path is NULL");
    program_plan plan = plan_of(p);
    plan.used = ad_memory_take(p->options.allocator, p->inputs);
    if (!plan.used)
        return ad_fail(error, AD_MEMORY, "program_save: memory ran out: %u bytes", p->inputs);
    find_used(&plan);
    ad_sink sink;
    ad_status status = ad_sink_open(&sink, "program_save", path,
                                    ad_program_places_of(&plan.header).end, options, error);
    if (status == AD_OK)
        status = ad_sink_close(&sink, write_program(&sink, &plan));
    ad_memory_give(p->options.allocator, plan.used, p->inputs);
    return status;
}
