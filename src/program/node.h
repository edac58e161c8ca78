/* Programs as operations of tensors, inside. */
#ifndef ADZE_PROGRAM_NODE_INSIDE_H
#define ADZE_PROGRAM_NODE_INSIDE_H

#include "adze/op.h"
#include "adze/program/node.h"

/* How elements of operands become inputs. */
typedef enum ad_rules_manner { AD_RULES_ELEMENTS, AD_RULES_ROWS, AD_RULES_ALL } ad_rules_manner;

typedef struct ad_rules_attr {
    const ad_program_rules *f;
    int n; /* operands */
    ad_rules_manner manner;
    ad_shape shape; /* of the result, for all at once */
} ad_rules_attr;

extern const ad_op ad_rules_op;

#endif
