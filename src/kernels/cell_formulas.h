/* The formulas of recurrent cells. cell_kernel.c includes them twice: for numbers, and for dual numbers. It defines
 * what a NUM is and how one computes with it; GET and PUT, which read and write number k of a part; and the names
 * of the routines. (So there is no include guard.) */

#define CELL(name) ROUTINE void name(int64_t n, const ad_cell_row *v, const ad_cell_row *t)

/* h = tanh(in + across) */
CELL(RNN_FORWARD)
{
    EACH_NUMBER
    {
        NUM h = TANH(PLUS(GET(in, 0), GET(across, 0)));
        PUT(kept, 0, h);
        PUT(h_after, 0, h);
    }
}

CELL(RNN_BACK)
{
    EACH_NUMBER
    {
        NUM h = GET(kept, 0), da = TIMES(GET(dh, 0), MINUS(ONE, TIMES(h, h)));
        PUT(din, 0, da);
        PUT(dacross, 0, da);
        PUT(dh_before, 0, ZERO);
    }
}

/* r, z = sigmoid(in + across), m = tanh(in + r across), h = m + z (h - m) */
CELL(GRU_FORWARD)
{
    EACH_NUMBER
    {
        NUM r = SIGMOID(PLUS(GET(in, 0), GET(across, 0)));
        NUM z = SIGMOID(PLUS(GET(in, 1), GET(across, 1)));
        NUM q = GET(across, 2), m = TANH(PLUS(GET(in, 2), TIMES(r, q)));
        PUT(kept, 0, r);
        PUT(kept, 1, z);
        PUT(kept, 2, m);
        PUT(kept, 3, q);
        PUT(h_after, 0, PLUS(m, TIMES(z, MINUS(GET(h, 0), m))));
    }
}

CELL(GRU_BACK)
{
    EACH_NUMBER
    {
        NUM r = GET(kept, 0), z = GET(kept, 1), m = GET(kept, 2), q = GET(kept, 3);
        NUM dh = GET(dh, 0);
        NUM dm = TIMES(TIMES(dh, MINUS(ONE, z)), MINUS(ONE, TIMES(m, m)));
        NUM dz = TIMES(TIMES(dh, MINUS(GET(h, 0), m)), TIMES(z, MINUS(ONE, z)));
        NUM dr = TIMES(TIMES(dm, q), TIMES(r, MINUS(ONE, r)));
        PUT(din, 0, dr);
        PUT(din, 1, dz);
        PUT(din, 2, dm);
        PUT(dacross, 0, dr);
        PUT(dacross, 1, dz);
        PUT(dacross, 2, TIMES(dm, r));
        PUT(dh_before, 0, TIMES(dh, z));
    }
}

/* The reset GRU in two parts: r, z = sigmoid(in + across) and r h; then m = tanh(in + reset), h = m + z (h - m). */
CELL(GATES)
{
    EACH_NUMBER
    {
        NUM r = SIGMOID(PLUS(GET(in, 0), GET(across, 0)));
        PUT(kept, 0, r);
        PUT(kept, 1, SIGMOID(PLUS(GET(in, 1), GET(across, 1))));
        PUT(kept, 3, TIMES(r, GET(h, 0)));
    }
}

CELL(RESET_FORWARD)
{
    EACH_NUMBER
    {
        NUM z = GET(kept, 1), m = TANH(PLUS(GET(in, 2), GET(reset, 0)));
        PUT(kept, 2, m);
        PUT(h_after, 0, PLUS(m, TIMES(z, MINUS(GET(h, 0), m))));
    }
}

CELL(RESET_BACK)
{
    EACH_NUMBER
    {
        NUM z = GET(kept, 1), m = GET(kept, 2), dh = GET(dh, 0);
        NUM dz = TIMES(TIMES(dh, MINUS(GET(h, 0), m)), TIMES(z, MINUS(ONE, z)));
        PUT(din, 1, dz);
        PUT(din, 2, TIMES(TIMES(dh, MINUS(ONE, z)), MINUS(ONE, TIMES(m, m))));
        PUT(dacross, 1, dz);
        PUT(dh_before, 0, TIMES(dh, z));
    }
}

CELL(GATES_BACK)
{
    EACH_NUMBER
    {
        NUM r = GET(kept, 0), dp = GET(dreset, 0);
        NUM dr = TIMES(TIMES(dp, GET(h, 0)), TIMES(r, MINUS(ONE, r)));
        PUT(din, 0, dr);
        PUT(dacross, 0, dr);
        PUT(dh_before, 0, PLUS(GET(dh_before, 0), TIMES(dp, r)));
    }
}

/* i, f, o = sigmoid(in + across), g = tanh(in + across), c = f c + i g, h = o tanh(c) */
CELL(LSTM_FORWARD)
{
    EACH_NUMBER
    {
        NUM i = SIGMOID(PLUS(GET(in, 0), GET(across, 0)));
        NUM f = SIGMOID(PLUS(GET(in, 1), GET(across, 1)));
        NUM g = TANH(PLUS(GET(in, 2), GET(across, 2)));
        NUM o = SIGMOID(PLUS(GET(in, 3), GET(across, 3)));
        NUM c = PLUS(TIMES(f, GET(c, 0)), TIMES(i, g)), m = TANH(c);
        PUT(kept, 0, i);
        PUT(kept, 1, f);
        PUT(kept, 2, g);
        PUT(kept, 3, o);
        PUT(kept, 4, m);
        PUT(c_after, 0, c);
        PUT(h_after, 0, TIMES(o, m));
    }
}

CELL(LSTM_BACK)
{
    EACH_NUMBER
    {
        NUM i = GET(kept, 0), f = GET(kept, 1), g = GET(kept, 2), o = GET(kept, 3);
        NUM m = GET(kept, 4), dh = GET(dh, 0);
        NUM dc = PLUS(GET(dc, 0), TIMES(TIMES(dh, o), MINUS(ONE, TIMES(m, m))));
        NUM di = TIMES(TIMES(dc, g), TIMES(i, MINUS(ONE, i)));
        NUM df = TIMES(TIMES(dc, GET(c, 0)), TIMES(f, MINUS(ONE, f)));
        NUM dg = TIMES(TIMES(dc, i), MINUS(ONE, TIMES(g, g)));
        NUM d_o = TIMES(TIMES(dh, m), TIMES(o, MINUS(ONE, o)));
        PUT(din, 0, di);
        PUT(din, 1, df);
        PUT(din, 2, dg);
        PUT(din, 3, d_o);
        PUT(dacross, 0, di);
        PUT(dacross, 1, df);
        PUT(dacross, 2, dg);
        PUT(dacross, 3, d_o);
        PUT(dh_before, 0, ZERO);
        PUT(dc_before, 0, TIMES(dc, f));
    }
}

#undef CELL
