// Small operations and the lesson's network in ADOL-C: a tape of scalar operations, recorded anew
// each time as adze's is, in f64.
#include "measuring.hpp"

#include <adolc/adolc.h>

static const short TAG = 0;

static double chain_gradient(int ops)
{
    const double value[3] = {0.5, 1, 1e-6};
    double y, u = 1, gradient[3];
    trace_on(TAG, 1);
    adouble x, a, b, result;
    x <<= value[0];
    a <<= value[1];
    b <<= value[2];
    result = measuring::chain(x, a, b, ops);
    result >>= y;
    trace_off();
    reverse(TAG, 1, 3, 0, &u, gradient);
    return gradient[0];
}

class Step
{
  public:
    Step() : p(measuring::initial_parameters()), gradient(p.size()), x(measuring::inputs, 0.5)
    {
    }

    void run()
    {
        double y, u = 1;
        trace_on(TAG, 1);
        {
            std::vector<adouble> w(p.size());
            for (std::size_t i = 0; i < p.size(); i++)
                w[i] <<= p[i];
            adouble loss = measuring::loss_of(w.data(), x.data(), 3.0);
            loss >>= y;
        }
        trace_off();
        reverse(TAG, 1, measuring::parameters, 0, &u, gradient.data());
        for (std::size_t i = 0; i < p.size(); i++)
            p[i] -= measuring::rate * gradient[i];
    }

  private:
    std::vector<double> p, gradient, x;
};

int main(int argc, char **argv)
{
    measuring::Peer peer("adolc", argc, argv);
    for (const auto &c : measuring::chains())
        peer.measure(c.name, c.ops, [&c] { chain_gradient(c.ops); });
    Step step;
    peer.measure("step_b1", 1, [&step] { step.run(); });
    peer.tell();
}
