/* Work on rows of logits with integer labels: vector kernels for both float types. */
#ifndef ADZE_OPS_LOSS_LABEL_ROWS_H
#define ADZE_OPS_LOSS_LABEL_ROWS_H

#include "adze/array.h"
#include "adze/workspace.h"

/* Work on a row of `classes` logits x; p is their softmax. */
typedef struct ad_label_rules {
    /* Writes p and returns -log p[label]. */
    double (*loss)(size_t classes, const void *x, size_t label, void *p);
    /* dx += g (p - onehot(label)) */
    void (*slope)(size_t classes, const void *p, size_t label, double g, void *dx, bool add);
    /* Returns p . t */
    double (*dot)(size_t classes, const void *p, const void *t);
    /* tdx += g p (t - p . t) */
    void (*bend)(size_t classes, const void *p, const void *t, double g, void *tdx);
} ad_label_rules;

/* Those of f32 or f64, for the machine. */
const ad_label_rules *ad_label_rules_for(ad_type type, ad_workspace *work);

#endif
