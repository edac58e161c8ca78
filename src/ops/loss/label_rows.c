/* The loops over a row of logits. */
#include "ops/loss/label_rows.h"

#include "kernels/elementary.h"
#include "kernels/lanes.h"
#include "kernels/vanishing.h"

/* A row of -inf has no softmax. Its loss is +inf; its gradient is 0, since the label's class
 * gets p = 1. A NaN makes the sum NaN. */
#define LOSS_ROW(isa, s, T)                                                            \
    AD_TARGET_##isa static double loss_##s##_##isa(size_t classes, const void *x_data, \
                                                   size_t label, void *p_data)         \
    {                                                                                  \
        const T *restrict x = x_data;                                                  \
        T *restrict p = p_data;                                                        \
        AD_ROW_OF(classes)                                                             \
        AD_LANE_TOPS(T, top, x)                                                        \
        T most = isfinite(top[0]) ? top[0] : 0;                                        \
        double sum[AD_LANES] = {0};                                                    \
        AD_EACH_LONG(p[i] = AD_EXP(x[i] - most))                                       \
        AD_EACH(sum[j] += (double)p[i])                                                \
        AD_JOIN_SUM(sum)                                                               \
        T share = (T)(1 / sum[0]);                                                     \
        AD_EACH(p[i] = sum[0] == 0 ? (T)(i == label) : p[i] * share)                   \
        return sum[0] == 0 ? (double)INFINITY                                          \
                           : AD_LOG(sum[0]) - ((double)x[label] - (double)most);       \
    }

#define SLOPE_ROW(isa, s, T)                                                                 \
    AD_TARGET_##isa static void slope_row_##s##_##isa(                                       \
        size_t classes, const void *p_data, size_t label, double g, void *dx_data, bool add) \
    {                                                                                        \
        const T *p = p_data;                                                                 \
        T *dx = dx_data, before = add ? dx[label] : 0;                                       \
        for (size_t k = 0; k < classes; k++)                                                 \
            dx[k] = (T)AD_TIMES(g, (double)p[k]) + (add ? dx[k] : 0);                        \
        dx[label] = (T)AD_TIMES(g, (double)p[label] - 1) + before;                           \
    }

#define TANGENT_ROWS(isa, s, T)                                                                 \
    AD_TARGET_##isa static double dot_##s##_##isa(size_t classes, const void *p, const void *t) \
    {                                                                                           \
        double sum = 0;                                                                         \
        for (size_t k = 0; k < classes; k++)                                                    \
            sum += AD_TIMES((double)((const T *)p)[k], (double)((const T *)t)[k]);              \
        return sum;                                                                             \
    }                                                                                           \
    AD_TARGET_##isa static void bend_##s##_##isa(size_t classes, const void *p_data,            \
                                                 const void *t_data, double g, void *tdx)       \
    {                                                                                           \
        const T *p = p_data, *t = t_data;                                                       \
        double mean = dot_##s##_##isa(classes, p, t);                                           \
        for (size_t k = 0; k < classes; k++)                                                    \
            ((T *)tdx)[k] += (T)AD_TIMES(g, (double)p[k], (double)t[k] - mean);                 \
    }

#define ROW_RULES(isa, s, T) \
    LOSS_ROW(isa, s, T)      \
    SLOPE_ROW(isa, s, T)     \
    TANGENT_ROWS(isa, s, T)
AD_EACH_ISA(ROW_RULES, f32, float)
AD_EACH_ISA(ROW_RULES, f64, double)

#define RULES_FOR(isa, s) \
    {loss_##s##_##isa, slope_row_##s##_##isa, dot_##s##_##isa, bend_##s##_##isa},
static const ad_label_rules rules[2][AD_ISA_COUNT] = {{AD_EACH_ISA(RULES_FOR, f32)},
                                                      {AD_EACH_ISA(RULES_FOR, f64)}};

const ad_label_rules *ad_label_rules_for(ad_type type, ad_workspace *work)
{
    return &rules[type][ad_work_isa(work)];
}
