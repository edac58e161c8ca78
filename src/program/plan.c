/* Plans: their lists, and what can be asked about loops and reads. */
#include "program/plan.h"

#include "base/memory.h"

#include <string.h>

/* ---- lists -------------------------------------------------------------------------- */

void *ad_plan_append(ad_plan *plan, ad_plan_list *list, size_t size)
{
    const ad_allocator *allocator = plan->program->options.allocator;
    if (list->count == list->room) {
        const uint32_t room = 2 * list->room + 32;
        void *more = plan->failed ? NULL : ad_memory_take(allocator, ad_size_mul(room, size));
        if (!more) {
            plan->failed = true;
            return NULL;
        }
        if (list->count)
            memcpy(more, list->at, list->count * size);
        if (list->at)
            ad_memory_give(allocator, list->at, list->room * size);
        list->at = more;
        list->room = room;
    }
    return (char *)list->at + list->count++ * size;
}

static void give(const ad_plan *plan, ad_plan_list *list, size_t size)
{
    if (list->at)
        ad_memory_give(plan->program->options.allocator, list->at, list->room * size);
    *list = (ad_plan_list){NULL, 0, 0};
}

/* ---- loops -------------------------------------------------------------------------- */

uint32_t ad_plan_chain(const ad_plan *plan, uint32_t loop, uint32_t *chain)
{
    const uint32_t depth = ad_plan_depth(plan, loop);
    for (uint32_t k = depth; k-- > 0; loop = ad_plan_loop_at(plan, loop)->parent)
        chain[k] = loop;
    return depth;
}

/* ---- values ------------------------------------------------------------------------- */

uint32_t ad_plan_value(const ad_plan *plan, const ad_plan_read *read, const uint32_t *counter)
{
    const int32_t *stride = ad_plan_strides_at(plan, read->stride);
    int64_t value = read->value;
    for (uint32_t k = 0; k < ad_plan_depth(plan, read->loop); k++)
        value += (int64_t)stride[k] * counter[k];
    return (uint32_t)value;
}

uint32_t ad_plan_table_size(const ad_plan *plan, const ad_plan_read *read)
{
    uint32_t chain[AD_PLAN_DEEPEST], size = 1;
    const uint32_t depth = ad_plan_chain(plan, read->loop, chain);
    for (uint32_t k = 0; k < depth; k++)
        if (read->levels >> k & 1)
            size *= ad_plan_loop_at(plan, chain[k])->times;
    return size;
}

/* ---- life ---------------------------------------------------------------------------- */

void ad_plan_give_lists(ad_plan *plan)
{
    give(plan, &plan->loops, sizeof(ad_plan_loop));
    give(plan, &plan->events, sizeof(ad_plan_event));
    give(plan, &plan->statements, sizeof(ad_plan_statement));
    give(plan, &plan->reads, sizeof(ad_plan_read));
    give(plan, &plan->strides, sizeof(int32_t));
    give(plan, &plan->carried, sizeof(ad_plan_carried));
    give(plan, &plan->outputs, sizeof(ad_plan_outputs));
}

void ad_plan_free(ad_plan *plan)
{
    const bool failed = plan->failed;
    ad_plan_give_lists(plan);
    if (plan->statement_of)
        ad_memory_give(plan->program->options.allocator, plan->statement_of,
                       plan->program->nodes * sizeof(uint32_t));
    *plan = (ad_plan){.program = plan->program, .failed = failed};
}
