package payments;

import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import payments.Contract.Outcome;
import payments.Contract.Payment;

/** Takes a payment into this bank and passes it on along its route. */
@WorkflowInterface
public interface ForwardPayment {
  @WorkflowMethod
  Outcome forward(Payment payment);
}
