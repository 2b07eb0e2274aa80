// A client on LSP4J with LSP4IJ's capabilities: the library reads every answer into its own types.

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.eclipse.lsp4j.*;
import org.eclipse.lsp4j.jsonrpc.Launcher;
import org.eclipse.lsp4j.jsonrpc.json.MessageJsonHandler;
import org.eclipse.lsp4j.jsonrpc.services.JsonRequest;
import org.eclipse.lsp4j.services.LanguageClient;
import org.eclipse.lsp4j.services.LanguageServer;

public class Lsp4ijLikeClient {
    /** LSP4J 0.24 does not know inline completion; LSP4IJ declares it like this. */
    public interface Server extends LanguageServer {
        @JsonRequest("textDocument/inlineCompletion")
        CompletableFuture<JsonElement> inlineCompletion(JsonElement params);
    }

    /** The capabilities LSP4J 0.24 knows, and the one it does not. */
    public static class Capabilities extends TextDocumentClientCapabilities {
        public Map<String, Object> inlineCompletion;
    }

    /** Answers as LSP4IJ does, and remembers what it would show as an internal error. */
    public static class Client implements LanguageClient {
        final ConcurrentLinkedQueue<String> shown = new ConcurrentLinkedQueue<>();

        @Override public void telemetryEvent(Object event) { shown.add("telemetry"); }
        @Override public void publishDiagnostics(PublishDiagnosticsParams params) { }
        @Override public void showMessage(MessageParams message) { shown.add(message.getMessage()); }
        @Override public void logMessage(MessageParams message) { }
        @Override public CompletableFuture<MessageActionItem> showMessageRequest(ShowMessageRequestParams request) {
            shown.add(request.getMessage());
            return CompletableFuture.completedFuture(null);
        }
        @Override public CompletableFuture<List<Object>> configuration(ConfigurationParams params) {
            return CompletableFuture.completedFuture(Arrays.asList(new Object[params.getItems().size()]));
        }
        @Override public CompletableFuture<Void> refreshDiagnostics() { return CompletableFuture.completedFuture(null); }
        @Override public CompletableFuture<Void> createProgress(WorkDoneProgressCreateParams params) {
            return CompletableFuture.completedFuture(null);
        }
        @Override public void notifyProgress(ProgressParams params) { }
    }

    private static final long PATIENCE_MS = 20_000;

    /** Arguments: the profile, the workspace, the file to open, what to type, then the server's command. */
    public static void main(String[] arguments) throws Exception {
        try {
            System.out.println(run(arguments));
            System.exit(0); // LSP4J's reader threads are no daemons.
        } catch (Throwable problem) {
            problem.printStackTrace();
            System.exit(1);
        }
    }

    private static JsonObject run(String[] arguments) throws Exception {
        Path workspace = Path.of(arguments[1]);
        Path file = Path.of(arguments[2]);
        Process process = new ProcessBuilder(Arrays.asList(arguments).subList(4, arguments.length))
            .directory(workspace.toFile()).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        Client client = new Client();
        Launcher<Server> launcher = new Launcher.Builder<Server>().setLocalService(client)
            .setRemoteInterface(Server.class).setInput(process.getInputStream())
            .setOutput(process.getOutputStream()).create();
        launcher.startListening();
        Server server = launcher.getRemoteProxy();
        Gson gson = new MessageJsonHandler(Map.of()).getGson();
        InitializeParams params = profile(gson, Path.of(arguments[0]), workspace);
        JsonObject told = new JsonObject();
        InitializeResult initialized = wait(server.initialize(params));
        told.add("capabilities", gson.toJsonTree(initialized.getCapabilities()));
        server.initialized(new InitializedParams());

        String uri = file.toUri().toString();
        String text = Files.readString(file);
        server.getTextDocumentService().didOpen(
            new DidOpenTextDocumentParams(new TextDocumentItem(uri, "python", 1, text)));
        int line = text.split("\n", -1).length - 1;
        told.add("inline", inline(server, uri, line, arguments[3]));
        Position at = new Position(line, arguments[3].length());
        TextDocumentIdentifier document = new TextDocumentIdentifier(uri);
        wait(server.getTextDocumentService().hover(new HoverParams(document, at)));
        told.addProperty("actions", wait(server.getTextDocumentService().codeAction(
            new CodeActionParams(document, new Range(at, at), new CodeActionContext(List.of())))).size());
        told.addProperty("diagnostics", wait(server.getTextDocumentService().diagnostic(
            new DocumentDiagnosticParams(document))).isLeft());

        CompletableFuture<JsonElement> moved = server.inlineCompletion(request(uri, at));
        moved.cancel(true); // LSP4IJ does so when the caret moves.
        wait(server.getWorkspaceService().executeCommand(new ExecuteCommandParams("sidelight.didAccept", List.of())));
        wait(server.shutdown());
        server.exit();
        told.addProperty("exit", process.waitFor(PATIENCE_MS, TimeUnit.MILLISECONDS) ? process.exitValue() : -1);
        JsonArray shown = new JsonArray();
        client.shown.forEach(shown::add);
        told.add("shown", shown);
        return told;
    }

    private static InitializeParams profile(Gson gson, Path file, Path workspace) throws Exception {
        String content = Files.readString(file).replace("file:///work", workspace.toUri().toString().replaceAll("/$", ""));
        JsonObject json = JsonParser.parseString(content).getAsJsonObject();
        InitializeParams params = gson.fromJson(json, InitializeParams.class);
        JsonElement textDocument = json.getAsJsonObject("capabilities").get("textDocument");
        params.getCapabilities().setTextDocument(gson.fromJson(textDocument, Capabilities.class));
        params.setProcessId((int) ProcessHandle.current().pid());
        return params;
    }

    /** Type a line and ask until the gateway that comes with the server has read the workspace. */
    private static JsonElement inline(Server server, String uri, int line, String typed) throws Exception {
        long deadline = System.currentTimeMillis() + PATIENCE_MS;
        while (true) {
            for (int i = 0; i < typed.length(); i++) {
                change(server, uri, line, i, i, typed.substring(i, i + 1));
                Thread.sleep(40);
            }
            // LSP4IJ always says "automatic".
            JsonElement answer = wait(server.inlineCompletion(request(uri, new Position(line, typed.length()))));
            boolean empty = answer == null || answer.isJsonNull()
                || answer.getAsJsonObject().getAsJsonArray("items").isEmpty();
            if (!empty || System.currentTimeMillis() > deadline) return answer;
            change(server, uri, line, 0, typed.length(), "");
            Thread.sleep(300);
        }
    }

    private static int version = 1;

    private static void change(Server server, String uri, int line, int start, int end, String text) {
        Range range = new Range(new Position(line, start), new Position(line, end));
        server.getTextDocumentService().didChange(new DidChangeTextDocumentParams(
            new VersionedTextDocumentIdentifier(uri, ++version), List.of(new TextDocumentContentChangeEvent(range, text))));
    }

    private static JsonObject request(String uri, Position at) {
        JsonObject document = new JsonObject();
        document.addProperty("uri", uri);
        JsonObject position = new JsonObject();
        position.addProperty("line", at.getLine());
        position.addProperty("character", at.getCharacter());
        JsonObject context = new JsonObject();
        context.addProperty("triggerKind", 2);
        JsonObject params = new JsonObject();
        params.add("textDocument", document);
        params.add("position", position);
        params.add("context", context);
        return params;
    }

    private static <T> T wait(CompletableFuture<T> future) throws Exception {
        return future.get(PATIENCE_MS, TimeUnit.MILLISECONDS);
    }
}
