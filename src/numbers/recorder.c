/* Recorders: their life, marks, errors and size. */
#include "numbers/lanes.h"

#include "base/sized.h"
#include "numbers/operations.h"

#include <string.h>

/* ---- life --------------------------------------------------------------------------- */

static ad_status read_options(const ad_recorder_options *given, ad_recorder_options *options)
{
    const unsigned known = AD_KEEP_SECOND | AD_KEEP_LINES | AD_KEEP_FINITE | AD_KEEP_OPERATIONS;
    if (!given)
        return AD_OK;
    if (!ad_sized_read(options, sizeof *options, given, AD_END_OF(ad_recorder_options, limit)))
        return AD_MISUSE;
    bool two = options->keep & AD_KEEP_SECOND && options->keep & AD_KEEP_OPERATIONS;
    return options->keep & ~known || two ? AD_MISUSE : AD_OK;
}

/* An error that the recorder has from the start. */
static void be_born(ad_reals *r)
{
    r->error.status = AD_OK;
    r->error.text[0] = '\0';
    if (r->born != AD_OK)
        ad_fail(&r->error, r->born,
                "recorder: options without their size, or unknown bits in keep, or second "
                "derivatives beside operations");
}

ad_recorder *ad_recorder_new(const ad_recorder_options *given)
{
    ad_recorder_options options = {.allocator = NULL};
    ad_status born = read_options(given, &options);
    ad_reals *r = ad_memory_take(options.allocator, sizeof *r);
    if (!r)
        return NULL;
    *r = (ad_reals){.allocator = options.allocator,
                    .keep = options.keep,
                    .limit = options.limit,
                    .reserved = sizeof *r,
                    .born = born};
    r->head.next = AD_NEXT_EPOCH;
    r->head.first_epoch = ad_reals_epoch(r);
    r->head.floor = UINT32_MAX;
    r->head.keep = options.keep;
    be_born(r);
    return &r->head;
}

ad_recorder *ad_reals_new_owned(const ad_recorder_options *options)
{
    ad_recorder *recorder = ad_recorder_new(options);
    if (recorder)
        ad_reals_of(recorder)->owned = true;
    return recorder;
}

void ad_reals_free(ad_recorder *recorder)
{
    if (!recorder)
        return;
    ad_reals_of(recorder)->owned = false;
    ad_recorder_free(recorder);
}

void ad_recorder_free(ad_recorder *recorder)
{
    ad_reals *r = ad_reals_of(recorder);
    if (!r || !ad_reals_idle(r, "free"))
        return;
    if (r->owned) {
        ad_reals_fail(r, AD_MISUSE, "free",
                      "the recorder belongs to a tape or to another recorder");
        return;
    }
    ad_reals_free(r->inner);
    r->inner = NULL;
    ad_reals_forget(r);
    r->calls.count = r->rewound.count = 0;
    ad_recorder_trim(recorder);
    ad_memory_give(r->allocator, r, sizeof *r);
}

void ad_recorder_reset(ad_recorder *recorder)
{
    ad_reals *r = ad_reals_of(recorder);
    if (!r || !ad_reals_idle(r, "reset"))
        return;
    ad_reals_forget(r);
    r->rewound.count = r->calls.count = r->call_values.count = 0;
    recorder->floor = UINT32_MAX;
    recorder->next += AD_NEXT_EPOCH;
    recorder->first_epoch = ad_reals_epoch(r);
    recorder->source_line = NULL;
    be_born(r);
    ad_reals_open(r);
}

void ad_recorder_trim(ad_recorder *recorder)
{
    ad_reals *r = ad_reals_of(recorder);
    if (!r || r->busy)
        return;
    ad_reals_trim_chunks(r);
    ad_growing *doubles[] = {&r->adjoints, &r->tangents, &r->results,
                             &r->aside,    &r->zeros,    &r->row_partials};
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
        ad_reals_shrink(r, doubles[i], sizeof(double));
    ad_reals_shrink(r, &r->seeds, sizeof(ad_seed));
    ad_reals_shrink(r, &r->held, sizeof(uint32_t));
    ad_reals_shrink(r, &r->rows, sizeof(ad_real));
    ad_reals_shrink(r, &r->row_ends, sizeof(size_t));
    ad_reals_shrink(r, &r->scratch, 1);
    ad_reals_shrink(r, &r->handles, sizeof(ad_real));
    ad_reals_shrink_operations(r);
    if (r->rewound.count == 0)
        ad_reals_shrink(r, &r->rewound, sizeof(ad_rewound));
    if (r->calls.count == 0) {
        ad_reals_shrink(r, &r->calls, sizeof(ad_number_call));
        ad_reals_shrink(r, &r->call_values, sizeof(double));
    }
    ad_recorder_reset(r->inner);
    ad_recorder_trim(r->inner);
}

/* ---- marks -------------------------------------------------------------------------- */

ad_recorder_mark ad_recorder_here(ad_recorder *recorder)
{
    ad_reals *r = ad_reals_of(recorder);
    if (!r)
        return (ad_recorder_mark){.on = NULL};
    return (ad_recorder_mark){.on = recorder,
                              .index = ad_reals_index(r),
                              .epoch = ad_reals_epoch(r),
                              .argument = ad_reals_arguments(r),
                              .bend = ad_reals_bends(r)};
}

ad_status ad_recorder_rewind(ad_recorder_mark mark)
{
    ad_reals *r = ad_reals_of(mark.on);
    if (!r)
        return AD_MISUSE;
    ad_status status = AD_BUSY;
    if (ad_reals_idle(r, "rewind"))
        status = ad_reals_mark_lives(r, mark)
                     ? ad_reals_rewind(r, mark)
                     : ad_reals_fail(r, AD_STALE, "rewind",
                                     "the mark was forgotten by a reset or a rewind");
    r->head.source_line = NULL;
    return status;
}

/* ---- size --------------------------------------------------------------------------- */

ad_status ad_recorder_measure(const ad_recorder *recorder, ad_recorder_info *info)
{
    ad_recorder_info found = {.size = sizeof found};
    const ad_reals *r = ad_reals_of(recorder);
    if (!info)
        return AD_MISUSE;
    if (r) {
        found.statements = ad_reals_index(r);
        found.arguments = ad_reals_arguments(r);
        found.bytes_used = found.statements * (sizeof(double) + 1) +
                           found.arguments * (sizeof(double) + sizeof(uint32_t));
        found.bytes_used += r->keep & AD_KEEP_LINES ? found.statements * sizeof(char *) : 0;
        found.bytes_used += ad_reals_bends(r) * sizeof(double);
        if (ad_reals_keeps_operations(r))
            found.bytes_used = found.statements * sizeof(ad_operation) +
                               r->operation_constants.count * sizeof(double) +
                               r->operation_lines.count * sizeof(char *);
        found.bytes_reserved = ad_reals_reserved(r);
    }
    return ad_sized_write(info, &found, sizeof found, AD_END_OF(ad_recorder_info, bytes_reserved))
               ? AD_OK
               : AD_MISUSE;
}
