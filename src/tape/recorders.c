/* Recorders that belong to a tape. They are kept for the next round, so that a loop that repeats itself
 * stops allocating. */
#include "tape/recorders.h"

#include "base/memory.h"
#include "numbers/record.h"

#include <string.h>

static ad_recorder *make(const ad_tape *t, unsigned keep)
{
    ad_recorder_options options = {
        .size = sizeof options,
        .allocator = t->allocator,
        .keep = keep | (t->checks & AD_CHECK_NUMBERS ? (unsigned)AD_KEEP_FINITE : 0)};
    return ad_reals_new_owned(&options);
}

static bool grow(ad_tape *t)
{
    ad_node_recorders *all = &t->recorders;
    uint32_t room = all->room ? 2 * all->room : 8;
    ad_recorder_use *more = ad_memory_take(t->allocator, room * sizeof *more);
    if (!more)
        return false;
    if (all->made)
        memcpy(more, all->list, all->made * sizeof *more);
    ad_memory_give(t->allocator, all->list, all->room * sizeof *more);
    all->list = more;
    all->room = room;
    return true;
}

ad_recorder *ad_node_recorder(ad_tape *t)
{
    ad_node_recorders *all = &t->recorders;
    ad_recorders_return(t, t->count); /* of a node that was not kept */
    if (all->used == all->made) {
        if (all->made == all->room && !grow(t))
            return NULL;
        ad_recorder *made = make(t, 0);
        if (!made)
            return NULL;
        all->list[all->made++] = (ad_recorder_use){.recorder = made};
    }
    ad_recorder_use *use = &all->list[all->used++];
    use->node = t->count;
    return use->recorder;
}

ad_recorder *ad_rule_recorder(ad_tape *t)
{
    if (!t->recorders.second)
        t->recorders.second = make(t, AD_KEEP_SECOND);
    ad_recorder_reset(t->recorders.second);
    return t->recorders.second;
}

void ad_recorders_return(ad_tape *t, uint32_t count)
{
    ad_node_recorders *all = &t->recorders;
    while (all->used && all->list[all->used - 1].node >= count)
        ad_recorder_reset(all->list[--all->used].recorder);
}

void ad_recorders_trim(ad_tape *t)
{
    ad_node_recorders *all = &t->recorders;
    while (all->made > all->used)
        ad_reals_free(all->list[--all->made].recorder);
    ad_reals_free(all->second);
    all->second = NULL;
    if (all->made == 0) {
        ad_memory_give(t->allocator, all->list, all->room * sizeof *all->list);
        all->list = NULL;
        all->room = 0;
    }
}

static void add(const ad_recorder *r, bool in_use, size_t *used, size_t *reserved)
{
    ad_recorder_info info = {.size = sizeof info};
    ad_recorder_measure(r, &info);
    *used += in_use ? info.bytes_used : 0;
    *reserved += info.bytes_reserved;
}

void ad_recorders_measure(const ad_tape *t, size_t *used, size_t *reserved)
{
    const ad_node_recorders *all = &t->recorders;
    for (uint32_t i = 0; i < all->made; i++)
        add(all->list[i].recorder, i < all->used, used, reserved);
    add(all->second, false, used, reserved);
    *reserved += all->room * sizeof *all->list;
}
