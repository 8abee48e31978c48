package payments;

import io.temporal.client.WorkflowClient;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import io.temporal.worker.WorkerFactory;
import java.util.concurrent.TimeUnit;

/** The house of sanctions: a worker in Java among those of other languages. */
public final class House {
  private static final long DRAIN_SECONDS = 5;

  public static void main(String[] arguments) {
    var address = System.getenv().getOrDefault("ENGINE_ADDRESS", "127.0.0.1:7233");
    var options = WorkflowServiceStubsOptions.newBuilder().setTarget(address).build();
    var service = WorkflowServiceStubs.newServiceStubs(options);
    var factory = WorkerFactory.newInstance(WorkflowClient.newInstance(service));
    var worker = factory.newWorker(Contract.TASK_QUEUE);
    worker.registerWorkflowImplementationTypes(ForwardPaymentHere.class);
    worker.registerActivitiesImplementations(new ScreeningByLists());
    Runtime.getRuntime().addShutdownHook(new Thread(() -> leave(factory, service)));
    factory.start();
  }

  private static void leave(WorkerFactory factory, WorkflowServiceStubs service) {
    factory.shutdown();
    factory.awaitTermination(DRAIN_SECONDS, TimeUnit.SECONDS);
    service.shutdown();
  }
}
