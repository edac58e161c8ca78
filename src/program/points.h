/* Programs at the points of tensors.
 *
 * A port is a tensor as points see it: `width` of its numbers belong to a point, and are inputs or outputs of the
 * program, one after another. Its leading axes broadcast to those of all points, so that points may share
 * numbers: inputs are repeated, outputs added up in f64, in an order that depends on the shapes alone. */
#ifndef ADZE_PROGRAM_POINTS_H
#define ADZE_PROGRAM_POINTS_H

#include "base/workspace.h"
#include "program/program.h"

typedef struct ad_port {
    ad_type type;   /* f32 or f64. Programs compute in f64 */
    ad_shape shape; /* of the leading axes */
    size_t width;
    void *
        data; /* row by row; inputs are only read. NULL: inputs of zeros; outputs that nobody wants */
    bool add; /* to what is there */
} ad_port;

/* Runs a program at points of this shape. The ports together have all of its inputs, and all of its outputs.
 * False where it has failed: then it is rejected. */
bool ad_points_run(ad_workspace *work, const ad_program *p, const ad_shape *points, size_t ins,
                   const ad_port *in, size_t outs, const ad_port *out);

#endif
