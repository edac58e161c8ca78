/* Plans are made: from rolled nodes, in rounds, since loops may be cut where addresses are not affine. */
#include "program/plan.h"

#include "base/memory.h"

/* ---- from rolled nodes -------------------------------------------------------------- */

static void add_event(ad_plan *plan, ad_plan_kind kind, uint32_t at)
{
    ad_plan_event *event = ad_plan_append(plan, &plan->events, sizeof *event);
    if (event)
        *event = (ad_plan_event){kind, at};
}

static void add_statement(ad_plan *plan, uint32_t node, uint32_t loop)
{
    ad_plan_statement *s = ad_plan_append(plan, &plan->statements, sizeof *s);
    if (!s)
        return;
    *s = (ad_plan_statement){.node = node, .loop = loop};
    add_event(plan, AD_PLAN_STATEMENT, plan->statements.count - 1);
}

/* Opens a loop, or returns AD_PLAN_NONE. */
static uint32_t open_loop(ad_plan *plan, ad_plan_loop loop)
{
    ad_plan_loop *l = ad_plan_append(plan, &plan->loops, sizeof *l);
    if (!l)
        return AD_PLAN_NONE;
    *l = loop;
    l->depth = ad_plan_depth(plan, loop.parent) + 1;
    l->open = plan->events.count;
    l->cut = 0;
    add_event(plan, AD_PLAN_OPEN, plan->loops.count - 1);
    return plan->loops.count - 1;
}

static void close_loop(ad_plan *plan, uint32_t loop)
{
    if (loop == AD_PLAN_NONE)
        return;
    ad_plan_loop_at(plan, loop)->close = plan->events.count;
    add_event(plan, AD_PLAN_CLOSE, loop);
}

static void add_item(ad_plan *plan, const ad_rolled *rolled, uint32_t item, uint32_t parent)
{
    if (!ad_rolled_is_loop(item)) {
        add_statement(plan, item, parent);
        return;
    }
    const ad_rolled_loop *l = ad_rolled_loop_of(rolled, item);
    uint32_t loop = open_loop(
        plan, (ad_plan_loop){
                  .parent = parent, .first = l->first, .times = l->times, .period = l->period});
    for (uint32_t i = 0; i < l->items && !plan->failed; i++)
        add_item(plan, rolled, rolled->item[l->body + i], loop);
    close_loop(plan, loop);
}

/* ---- cutting loops ------------------------------------------------------------------ */

static void copy_events(ad_plan *plan, const ad_plan *old, uint32_t from, uint32_t to,
                        uint32_t shift, uint32_t parent);

/* Some iterations of a loop; a single one needs none. */
static void copy_iterations(ad_plan *plan, const ad_plan *old, const ad_plan_loop *l,
                            uint32_t times, uint32_t shift, uint32_t parent)
{
    uint32_t loop = parent;
    if (times > 1)
        loop = open_loop(plan, (ad_plan_loop){.parent = parent,
                                              .first = l->first + shift,
                                              .times = times,
                                              .period = l->period});
    copy_events(plan, old, l->open + 1, l->close, shift, loop);
    if (times > 1)
        close_loop(plan, loop);
}

static void copy_events(ad_plan *plan, const ad_plan *old, uint32_t from, uint32_t to,
                        uint32_t shift, uint32_t parent)
{
    for (uint32_t i = from; i < to && !plan->failed; i++) {
        const ad_plan_event *event = ad_plan_event_at(old, i);
        if (event->kind == AD_PLAN_STATEMENT) {
            add_statement(plan, ad_plan_statement_at(old, event->at)->node + shift, parent);
            continue;
        }
        const ad_plan_loop *l = ad_plan_loop_at(old, event->at);
        const uint32_t first = l->cut ? l->cut : l->times;
        copy_iterations(plan, old, l, first, shift, parent);
        if (l->cut)
            copy_iterations(plan, old, l, l->times - first, shift + first * l->period, parent);
        i = l->close;
    }
}

/* ---- parts -------------------------------------------------------------------------- */

/* Numbers the parts: each takes items from the outermost level until it is full. */
static void find_parts(ad_plan *plan)
{
    uint32_t part = 0, held = 0;
    for (uint32_t i = 0, end = 0; i < plan->events.count; i = end) {
        const ad_plan_event *event = ad_plan_event_at(plan, i);
        uint32_t statements = 0;
        end = event->kind == AD_PLAN_OPEN ? ad_plan_loop_at(plan, event->at)->close + 1 : i + 1;
        for (uint32_t k = i; k < end; k++)
            statements += ad_plan_event_at(plan, k)->kind == AD_PLAN_STATEMENT;
        if (held && held + statements > plan->statements_a_part) {
            part++;
            held = 0;
        }
        held += statements;
        for (uint32_t k = i; k < end; k++) {
            event = ad_plan_event_at(plan, k);
            if (event->kind == AD_PLAN_STATEMENT)
                ad_plan_statement_at(plan, event->at)->part = part;
            else
                ad_plan_loop_at(plan, event->at)->part = part;
        }
    }
    plan->parts = part + 1;
}

/* ---- which statement makes a node --------------------------------------------------- */

static void fill_nodes(const ad_plan *plan, uint32_t statement, const uint32_t *chain,
                       uint32_t depth, uint32_t node)
{
    if (depth == 0) {
        plan->statement_of[node] = statement;
        return;
    }
    const ad_plan_loop *l = ad_plan_loop_at(plan, chain[0]);
    for (uint32_t i = 0; i < l->times; i++)
        fill_nodes(plan, statement, chain + 1, depth - 1, node + i * l->period);
}

static void find_statements_of_nodes(const ad_plan *plan)
{
    uint32_t chain[AD_PLAN_DEEPEST];
    for (uint32_t i = 0; i < plan->statements.count; i++) {
        const ad_plan_statement *s = ad_plan_statement_at(plan, i);
        fill_nodes(plan, i, chain, ad_plan_chain(plan, s->loop, chain), s->node);
    }
}

/* ---- all ---------------------------------------------------------------------------- */

/* From events to addresses. Returns whether loops are to be cut. */
static bool complete(ad_plan *plan, bool may_cut)
{
    if (plan->failed)
        return false;
    find_parts(plan);
    find_statements_of_nodes(plan);
    ad_plan_find_sources(plan);
    return !plan->failed && ad_plan_find_addresses(plan, may_cut) && !plan->failed;
}

/* The plan with the cuts that are marked in it. */
static void cut(ad_plan *plan)
{
    ad_plan old = *plan;
    plan->loops = plan->events = plan->statements = plan->reads = plan->strides = plan->carried =
        plan->outputs = (ad_plan_list){NULL, 0, 0};
    copy_events(plan, &old, 0, old.events.count, 0, AD_PLAN_NONE);
    ad_plan_give_lists(&old);
}

static void plan_all(ad_plan *plan, const ad_rolled *rolled)
{
    enum { ROUNDS = 8 };
    for (uint32_t i = 0; i < rolled->items && !plan->failed; i++)
        add_item(plan, rolled, rolled->item[rolled->top + i], AD_PLAN_NONE);
    const uint32_t most = 2 * plan->statements.count;
    for (int round = 1; complete(plan, round < ROUNDS && plan->statements.count <= most); round++)
        cut(plan);
}

bool ad_plan_make(ad_plan *plan, const ad_program *p, uint32_t least, uint32_t statements_a_part)
{
    ad_rolled rolled;
    *plan = (ad_plan){.program = p, .statements_a_part = statements_a_part};
    plan->statement_of =
        ad_memory_take(p->options.allocator, ad_size_mul(p->nodes, sizeof(uint32_t)));
    plan->failed = !plan->statement_of || !ad_rolled_make(&rolled, p, least);
    if (!plan->failed) {
        plan_all(plan, &rolled);
        ad_rolled_free(&rolled);
    }
    if (plan->failed)
        ad_plan_free(plan);
    return !plan->failed;
}
