import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.plugins.PluginsLoader;

/**
 * One node, until it is told to end. {@code Node PREPARED STATE}: the first directory holds
 * modules/ and is only read, the second holds config/, data/ and logs/ of this node.
 */
public final class Node {
  private Node() {}

  public static void main(String[] arguments) throws Exception {
    Path prepared = Path.of(arguments[0]).toRealPath();
    Path state = Path.of(arguments[1]).toRealPath();
    System.setProperty("es.path.home", prepared.toString());

    // Settings log while they are read, so logging comes first.
    LogConfigurator.configureESLogging();
    Path config = state.resolve("config");
    Settings settings =
        Settings.builder()
            .loadFromPath(config.resolve("elasticsearch.yml"))
            .put("path.home", prepared.toString())
            .put("path.data", state.resolve("data").toString())
            .put("path.logs", state.resolve("logs").toString())
            .build();
    Environment environment = new Environment(settings, config);
    LogConfigurator.configure(environment, true);

    PluginsLoader plugins =
        PluginsLoader.createPluginsLoader(
            PluginsLoader.loadModulesBundles(environment.modulesDir()),
            PluginsLoader.loadPluginsBundles(environment.pluginsDir()),
            Map.of());
    var node = new org.elasticsearch.node.Node(environment, plugins);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node)));
    node.start();
    new CountDownLatch(1).await();
  }

  private static void close(org.elasticsearch.node.Node node) {
    try {
      node.prepareForClose();
      node.close();
    } catch (Exception problem) {
      problem.printStackTrace();
    }
  }
}
